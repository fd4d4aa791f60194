#!/usr/bin/env bash
# Virtual environments, one a folder, from that folder's locked requirements, so that a missing requirement shows.
#
#   env.sh bootstrap           the pinned installer (uv) into .build/tools
#   env.sh lock [FOLDER...]    pyproject.toml and requirements*.in -> hashed requirements*.txt, of all folders without
#                              FOLDER (UPGRADE=1 moves the versions)
#   env.sh build FOLDER...     FOLDER/.venv: the locked packages, and as editable installs FOLDER and the local
#                              packages that it needs
#   env.sh test FOLDER...      build, with the test requirements added
#   env.sh lint                the linters of requirements-dev.txt into .build/lint
#   env.sh kafka               Kafka's and ZooKeeper's jars (pom.xml) into .build/kafka/libs
#
# The local packages of a folder are those that its pyproject.toml names in [tool.uv.sources], and every service with
# [tool.stock] every-service = true. Nothing is done again while
# requirements, local packages and interpreter are as they were.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tools=$root/.build/tools
export UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1 VIRTUAL_ENV=

die() { echo "$*" >&2; exit 2; }

digest() { "$tools/bin/python" -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())'; }

# Two callers must not work on one environment at the same time. macOS has no flock: there the caller sees to it.
locked() { local file=$root/.build/$1.lock; shift; mkdir -p "$root/.build"; if command -v flock >/dev/null; then flock "$file" "$@"; else "$@"; fi; }

interpreter() {
  local candidate
  for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; then command -v "$candidate"; return; fi
  done
  die "Python 3.11 to 3.14 is needed: install it, or name it by PYTHON=/path/to/python3."
}

bootstrap() {
  local lock=$root/local/stack/requirements-uv.txt python
  if cmp -s "$lock" "$tools/.stamp" && "$tools/bin/uv" --version >/dev/null 2>&1; then return; fi
  python=$(interpreter)
  "$python" -m venv --clear "$tools" || die "Python's venv module is missing: install it (on Debian: apt-get install python3-venv)."
  "$tools/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r "$lock"
  cp "$lock" "$tools/.stamp"
}

# The folders of FOLDER's local packages, itself included, one a line. KIND test adds those
# of the group `test`.
sources() {
  "$tools/bin/python" - "$root/$1" "$2" <<'EOF_PYTHON'
import sys, tomllib
from pathlib import Path

def walk(folder, kind):
    project = tomllib.loads((folder / "pyproject.toml").read_text())
    wanted = project["project"].get("dependencies", [])
    if kind == "test":
        wanted = [*wanted, *project.get("dependency-groups", {}).get("test", [])]
    if "build-system" in project:
        yield folder
    if project.get("tool", {}).get("stock", {}).get("every-service"):
        for service in (folder.parents[1] / "services").glob("*/pyproject.toml"):
            yield from walk(service.parent, "run")
    for name, source in project.get("tool", {}).get("uv", {}).get("sources", {}).items():
        if name in wanted:
            yield from walk((folder / source["path"]).resolve(), "run")

print("\n".join(sorted({str(folder) for folder in walk(Path(sys.argv[1]).resolve(), sys.argv[2])})))
EOF_PYTHON
}

compile() {
  "$tools/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
    --no-emit-index-url ${UPGRADE:+--upgrade} "$@" >/dev/null
}

# The files that the requirements of the folder here follow from.
inputs() {
  echo pyproject.toml
  if grep -q '^every-service = true' pyproject.toml; then ls ../../services/*/pyproject.toml; fi
}

# A folder's own requirements, then what its tests add to them. Local packages are installed from here, so they have no line.
lock_folder() (
  local name source constraints local_packages=()
  cd "$root/$1"
  echo "lock $1"
  for name in "$root"/{libs,services,local,tests}/*/pyproject.toml; do
    name=$(sed -n 's/^name = "\(stock-[a-z0-9-]*\)"$/\1/p' "$name")
    local_packages+=(--no-emit-package "$name")
  done
  constraints=(-c "$root/requirements-test.txt")
  if [ -f pyproject.toml ] && grep -q '^\[project\]' pyproject.toml; then
    # shellcheck disable=SC2046 # names of folders have no spaces
    compile "${local_packages[@]}" "${constraints[@]}" $(inputs) -o requirements.txt
    constraints+=(-c requirements.txt)
    if grep -q '^test = \[' pyproject.toml; then
      compile "${local_packages[@]}" "${constraints[@]}" --group test -o requirements-test.txt
    fi
  fi
  for source in requirements*.in; do
    [ -f "$source" ] || continue
    # The installer and the linters have environments of their own, so they agree with nothing else.
    case $1/$source in ./* | */requirements-uv.in | */requirements-checkov.in) constraints=(-c /dev/null) ;; esac
    compile "${constraints[@]}" "$source" -o "${source%.in}.txt"
  done
)

folders() (
  cd "$root"
  for file in {libs,services,local,tests,benchmarks}/*/{pyproject.toml,requirements.in} infra/requirements-test.in; do
    [ ! -f "$file" ] || dirname "$file"
  done | sort -u
)

# The requirement files of an environment that serves for `run` or for `test`.
requirements() {
  echo "$root/$1/requirements.txt"
  [ "$2" = run ] || ls "$root/requirements-test.txt" "$root/$1/requirements-test.txt" 2>/dev/null || true
}

# What an environment is made of, as one digest.
state() {
  local folder=$1 kind=$2
  {
    requirements "$folder" "$kind" | tr "\n" "\0" | xargs -0 cat
    sources "$folder" "$kind"
    sed '/^\[tool.importlinter/,$d' "$root/$folder/pyproject.toml"
    readlink -f "$root/$folder/.venv/bin/python"
  } | digest
}

sync() {
  local folder=$1 kind=$2 venv=$root/$1/.venv source editable=()
  [ -f "$root/$folder/requirements.txt" ] || die "$folder/requirements.txt is missing: make it by local/stack/env.sh lock $folder."
  if [ -x "$venv/bin/python" ] && [ "$(cat "$venv/.stamp-$kind" 2>/dev/null)" = "$(state "$folder" "$kind")" ]; then return; fi
  echo "build $folder"
  "$venv/bin/python" -c '' 2>/dev/null || "$tools/bin/uv" venv --quiet --no-project --clear --python "$(interpreter)" "$venv"
  rm -f "$venv"/.stamp-*
  requirements "$folder" "$kind" | tr "\n" "\0" | xargs -0 "$tools/bin/uv" pip sync --quiet --python "$venv/bin/python" --require-hashes
  while read -r source; do editable+=(-e "$source"); done < <(sources "$folder" "$kind")
  # uv builds these itself (uv_build is part of it): nothing is downloaded.
  if [ ${#editable[@]} -gt 0 ]; then
    "$tools/bin/uv" pip install --quiet --offline --no-deps --python "$venv/bin/python" "${editable[@]}"
  fi
  state "$folder" "$kind" > "$venv/.stamp-$kind"
  # What tests run in also serves for running.
  [ "$kind" = run ] || state "$folder" run > "$venv/.stamp-run"
}

kafka() {
  local pom=$root/local/stack/pom.xml libs=$root/.build/kafka/libs output
  if cmp -s "$pom" "$root/.build/kafka/.stamp"; then return; fi
  command -v mvn >/dev/null || die "Kafka runs on Java and Maven brings its jars: local/stack/system.sh demo installs both, or use docker compose."
  echo "build kafka (the first time Maven fetches its jars: a minute or two)"
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
  # An empty array is an error in bash 3.2, which macOS has.
  for folder in ${jobs[@]+"${jobs[@]}"}; do
    wait "${folder%%:*}" || { echo "build of ${folder#*:} failed" >&2; failed=1; }
  done
  return $failed
}

case ${1:-} in
  bootstrap) locked tools "${BASH_SOURCE[0]}" _bootstrap ;;
  lock) shift; "${BASH_SOURCE[0]}" bootstrap
    # shellcheck disable=SC2046 # names of folders have no spaces
    [ $# -gt 0 ] || set -- . $(folders)
    for folder in "$@"; do lock_folder "${folder%/}"; done ;;
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
  *) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p;}' "${BASH_SOURCE[0]}"; [ "${1:-}" = help ] || exit 2 ;;
esac
