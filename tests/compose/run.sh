#!/usr/bin/env bash
# Runs the tests in containers, from whatever there is: an engine or none, images or none, root or not.
#
#   tests/compose/run.sh [PYTEST ARGUMENTS]
#
# Where no engine answers, or images that are named can neither be found nor pulled, the command that CONTAINER_ENGINE_SETUP names is asked
# for them: `$CONTAINER_ENGINE_SETUP images .`. What this run started is down at its end, whatever its end is: containers, volumes, the engine.
# Exit codes: 0; 1 a test failed, or the images could not be built; 2 there is no usable engine, and why.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
tool=${CONTAINER_ENGINE_SETUP:-}
attempts=2
export COMPOSE_PARALLEL_LIMIT=2 STOCK_COMPOSE_PROJECT=stock-test-$$

say() { echo "compose-test: $*" >&2; }
die() { say "$2"; exit "$1"; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
usable() { docker info && docker compose version && docker buildx version; } >/dev/null 2>&1

# Grafana's is left out: conftest.py does without it.
named() {
  cat services/*/Dockerfile local/*/Dockerfile | awk '$1 == "FROM" { print $2 }' | sort -u
  awk '$1 == "image:" && $2 !~ /^(stock-|grafana\/)/ { print $2 }' compose.yaml | sort -u
}

missing() {
  local name reached=1
  for name in $(named); do
    docker image inspect "$name" >/dev/null 2>&1 && continue
    # A registry that was not reached once is not asked again.
    if [ "$reached" = 1 ] && timeout 600 docker pull --quiet "$name" >/dev/null 2>&1; then continue; fi
    reached=0
    echo "$name"
  done
}

twice() { # WHAT COMMAND...
  local what=$1 attempt
  shift
  for attempt in $(seq "$attempts"); do
    "$@" && return
    say "$what: attempt $attempt of $attempts failed"
  done
  return 1
}

end() {
  local code=$?
  trap - EXIT
  docker compose --project-name "$STOCK_COMPOSE_PROJECT" --profile monitoring down --volumes --remove-orphans --timeout 20 >/dev/null 2>&1 || true
  if [ -n "${STOCK_ENGINE_STARTED:-}" ] && [ -r /var/run/docker.pid ]; then
    local engine
    engine=$(cat /var/run/docker.pid)
    as_root kill "$engine" || true
    for _ in $(seq 30); do [ -d "/proc/$engine" ] || break; sleep 1; done
  fi
  exit "$code"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

running() { [ -r /var/run/docker.pid ] && [ -d "/proc/$(cat /var/run/docker.pid)" ]; }

if ! usable || [ -n "$(missing)" ]; then
  [ -x "$tool" ] || die 2 "it needs a Docker engine with Compose and Buildx, and registries: start one (docker info and docker compose version must answer)."
  running || export STOCK_ENGINE_STARTED=1
  twice "the engine and the images that are named" as_root "$tool" images . || die 2 "no engine: the lines above say why."
  if ! usable && as_root docker info >/dev/null 2>&1; then
    # The engine runs and this user may not use it: once more, as a member of its group.
    [ -z "${STOCK_IN_GROUP:-}" ] || die 2 "this user may not use the engine: add it to the group docker."
    as_root usermod --append --groups docker "$(id -un)"
    trap - EXIT
    exec sg docker "STOCK_IN_GROUP=1 '$PWD/tests/compose/run.sh' $*"
  fi
  usable || die 2 "the engine does not answer."
  absent=$(missing)
  [ -z "$absent" ] || die 2 "these images can neither be found nor pulled: ${absent//$'\n'/, }"
fi

local/stack/env.sh test local/stack
begun=$SECONDS
twice "the build of the images" docker compose --progress plain build >.build/images.log 2>&1 || { tail -40 .build/images.log >&2; die 1 "the images could not be built; all of it is in .build/images.log."; }
say "images built in $((SECONDS - begun)) s"
local/stack/.venv/bin/python -m pytest -q -o timeout=900 --maxfail=5 "${@:-tests/compose}"
