#!/usr/bin/env bash
# Virtual environments, one a folder, from that folder's own locked requirements, so that a missing requirement shows.
#
#   env.sh bootstrap           the pinned installer (uv) into .build/tools
#   env.sh lock [FOLDER...]    requirements*.in -> requirements*.txt (UPGRADE=1 moves the versions); all of them without FOLDER
#   env.sh build FOLDER...     FOLDER/.venv: the locked packages, the sources on the path, the command
#   env.sh test FOLDER...      build, with the test requirements added
#   env.sh lint                the linters of requirements-dev.txt into .build/lint
#   env.sh kafka               Kafka's and ZooKeeper's jars (pom.xml) into .build/kafka/libs
#
# A folder's sources and those of the libs its requirements.in names by `-r .../requirements.in` reach
# the environment by a .pth file. Nothing is done again while requirements, libs and interpreter are as they were.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tools=$root/.build/tools
export UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1 VIRTUAL_ENV=

die() { echo "$*" >&2; exit 2; }

digest() { "$tools/bin/python" -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())'; }

# The environment steps of two callers must not interleave. macOS has no flock; there one caller at a time is up to the caller.
locked() { local file=$root/.build/$1.lock; shift; mkdir -p "$root/.build"; if command -v flock >/dev/null; then flock "$file" "$@"; else "$@"; fi; }

interpreter() {
  local candidate
  for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then command -v "$candidate"; return; fi
  done
  die "Python 3.11 or newer is needed: install it, or name it by PYTHON=/path/to/python3."
}

bootstrap() {
  local lock=$root/local/stack/requirements-uv.txt python
  if cmp -s "$lock" "$tools/.stamp" && "$tools/bin/uv" --version >/dev/null 2>&1; then return; fi
  python=$(interpreter)
  "$python" -m venv --clear "$tools" || die "Python's venv module is missing: install it (on Debian: apt-get install python3-venv)."
  "$tools/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r "$lock"
  cp "$lock" "$tools/.stamp"
}

# FOLDER/src and the src of every folder its requirements.in takes in, one a line.
sources() (
  cd "$root/$1"
  [ ! -d src ] || echo "$PWD/src"
  sed -n 's#^-r \(.*\)/requirements\.in$#\1#p' requirements.in | while read -r other; do other=$(cd "$other" && pwd); sources "${other#"$root"/}"; done
)

lock_folder() (
  local folder=$1 source constraints
  cd "$root/$folder"
  for source in requirements.in requirements-*.in; do
    [ -f "$source" ] || continue
    constraints=()
    # Test requirements are installed beside a folder's own: one version of what both name.
    if [ "$folder" != . ] && [ "$source" != requirements-uv.in ]; then constraints+=(-c ../../requirements-test.txt); fi
    if [ "$source" = requirements-test.in ] && [ -f requirements.txt ]; then constraints+=(-c requirements.txt); fi
    echo "lock $folder/${source%.in}.txt"
    "$tools/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
      ${UPGRADE:+--upgrade} "${constraints[@]}" "$source" -o "${source%.in}.txt" >/dev/null
  done
)

folders() { (cd "$root" && for file in {libs,services,local,tests,benchmarks}/*/requirements.in; do [ ! -f "$file" ] || dirname "$file"; done); }

# The requirement files of an environment that serves for `run` or for `test`.
requirements() {
  echo "$root/$1/requirements.txt"
  [ "$2" = run ] || ls "$root/requirements-test.txt" "$root/$1/requirements-test.txt" 2>/dev/null || true
}

# What an environment is made of, as one digest.
state() {
  local folder=$1 kind=$2
  { requirements "$folder" "$kind" | tr "\n" "\0" | xargs -0 cat; sources "$folder" | sort -u; package "$folder"; readlink -f "$root/$folder/.venv/bin/python"; } | digest
}

# The one package of a folder that has a command.
package() { case $1 in services/* | local/*) [ ! -d "$root/$1/src" ] || ls "$root/$1/src" | grep '^stock_' || true ;; esac; }

sync() {
  local folder=$1 kind=$2 venv=$root/$1/.venv name
  [ -f "$root/$folder/requirements.txt" ] || die "$folder/requirements.txt is missing: make it by local/stack/env.sh lock $folder."
  if [ -x "$venv/bin/python" ] && [ "$(cat "$venv/.stamp-$kind" 2>/dev/null)" = "$(state "$folder" "$kind")" ]; then return; fi
  echo "build $folder"
  "$venv/bin/python" -c '' 2>/dev/null || "$tools/bin/uv" venv --quiet --no-project --clear --python "$(interpreter)" "$venv"
  rm -f "$venv"/.stamp-*
  requirements "$folder" "$kind" | tr "\n" "\0" | xargs -0 "$tools/bin/uv" pip sync --quiet --python "$venv/bin/python" --require-hashes
  sources "$folder" | sort -u > "$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/stock.pth"
  for name in $(package "$folder"); do
    printf '#!/bin/sh\nexec "${0%%/*}/python" -m %s "$@"\n' "$name" > "$venv/bin/${name//_/-}"
    chmod +x "$venv/bin/${name//_/-}"
  done
  # What tests run in also serves for running.
  state "$folder" run > "$venv/.stamp-run"
  [ "$kind" = run ] || state "$folder" test > "$venv/.stamp-test"
}

kafka() {
  local pom=$root/local/stack/pom.xml libs=$root/.build/kafka/libs output
  if cmp -s "$pom" "$root/.build/kafka/.stamp"; then return; fi
  command -v mvn >/dev/null && command -v java >/dev/null ||
    die "Kafka runs on Java: install Maven, which brings it (on Debian: apt-get install maven; on macOS: brew install maven), or use Docker: docker compose up --build --wait."
  echo "build kafka"
  rm -rf "$libs"
  output=$(mvn -q -B -Dstyle.color=never -f "$pom" dependency:copy-dependencies -DoutputDirectory="$libs" 2>&1) || { echo "$output" >&2; exit 1; }
  cp "$pom" "$root/.build/kafka/.stamp"
}

each() {
  local kind=$1 folder failed=0 jobs=()
  shift
  for folder in "$@"; do
    folder=${folder%/}
    locked "${folder//\//-}" "${BASH_SOURCE[0]}" _sync "$folder" "$kind" & jobs+=("$!:$folder")
  done
  for folder in "${jobs[@]}"; do
    wait "${folder%%:*}" || { echo "build of ${folder#*:} failed" >&2; failed=1; }
  done
  return $failed
}

case ${1:-} in
  bootstrap) locked tools "${BASH_SOURCE[0]}" _bootstrap ;;
  lock) shift; "${BASH_SOURCE[0]}" bootstrap; [ $# -gt 0 ] || set -- . $(folders); for folder in "$@"; do lock_folder "${folder%/}"; done ;;
  build) shift; "${BASH_SOURCE[0]}" bootstrap; each run "$@" ;;
  test) shift; "${BASH_SOURCE[0]}" bootstrap; each test "$@" ;;
  lint) "${BASH_SOURCE[0]}" bootstrap
    cmp -s "$root/requirements-dev.txt" "$root/.build/lint/.stamp" || {
      "$tools/bin/uv" venv --quiet --no-project --clear --python "$(interpreter)" "$root/.build/lint"
      "$tools/bin/uv" pip sync --quiet --python "$root/.build/lint/bin/python" --require-hashes "$root/requirements-dev.txt"
      cp "$root/requirements-dev.txt" "$root/.build/lint/.stamp"; } ;;
  kafka) locked kafka "${BASH_SOURCE[0]}" _kafka ;;
  _bootstrap) bootstrap ;;
  _kafka) kafka ;;
  _sync) sync "$2" "$3" ;;
  *) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; [ "${1:-}" = help ] || exit 2 ;;
esac
