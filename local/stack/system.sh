#!/usr/bin/env bash
# Installs what pip cannot bring: `system.sh demo` (Python, Java, Maven) or `system.sh test` (Chromium too).
#
# It installs what is missing where it may: with apt-get or dnf as root or by sudo without a password, with brew as the
# user. It prints each command before it runs it. Where it may not, it prints the one command to run and exits with 2,
# before anything is built. Where nothing is missing it prints nothing.
set -euo pipefail
log=${TMPDIR:-/tmp}/stock-system-$$.log

# PREFIX COMMAND...: prints the command and runs it, its output away from what make prints.
run() {
  local prefix=$1
  shift
  echo "+ ${prefix:+$prefix }$*" >&2
  ${prefix:+"$prefix"} "$@" </dev/null >>"$log" 2>&1 || { tail -20 "$log" >&2; die "It failed. Its whole output is in $log."; }
}
die() { printf '%s\n' "$@" >&2; exit 2; }

# Chromium or Chrome: the command, or the path of the application on macOS. Prints nothing where there is neither.
browser() {
  local name
  for name in chromium chromium-browser google-chrome; do
    if command -v "$name"; then return; fi
  done
  for name in "Google Chrome" Chromium; do
    if [ -x "/Applications/$name.app/Contents/MacOS/$name" ]; then echo "/Applications/$name.app/Contents/MacOS/$name"; return; fi
  done
}

# A Python that the project runs on. Prints nothing where there is none.
python() {
  local candidate
  for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
}

# Whether there is a Java that runs. stock_stack/brokers.py looks at the same places. On macOS /usr/bin/java exists
# and only reports that there is none, and Homebrew's Java is not on the PATH.
java_runs() {
  local place
  if [ -n "${JAVA_HOME:-}" ]; then "$JAVA_HOME/bin/java" -version >/dev/null 2>&1; return; fi
  for place in "${HOMEBREW_PREFIX:-/opt/homebrew}/opt/openjdk/bin/" /usr/local/opt/openjdk/bin/ ""; do
    if "${place}java" -version >/dev/null 2>&1; then return; fi
  done
  return 1
}

# Whether Node.js can start, which playwright and pyright bring as wheels. It is linked to this library on Linux.
atomic_loads() { [[ $OSTYPE != linux* ]] || "$1" -c 'import ctypes; ctypes.CDLL("libatomic.so.1")' 2>/dev/null; }

# Names of what is missing, one a line: python, venv, java, maven, browser, atomic.
missing() {
  local found
  found=$(python)
  if [ -z "$found" ]; then echo python; elif ! "$found" -c 'import ensurepip, venv' 2>/dev/null; then echo venv; fi
  java_runs || echo java
  command -v mvn >/dev/null || echo maven
  if [ "$1" = test ] && [ -z "$(browser)" ]; then echo browser; fi
  if [ "$1" = test ] && [ -n "$found" ] && ! atomic_loads "$found"; then echo atomic; fi
}

# MANAGER WHAT: the packages that bring it, none where the manager has no good one.
packages() {
  case $1/$2 in
    apt-get/python) echo python3 python3-venv ;;
    apt-get/venv) echo python3-venv ;;
    apt-get/java) echo default-jre-headless ;;
    apt-get/atomic) echo libatomic1 ;;
    dnf/atomic) echo libatomic ;;
    apt-get/browser | dnf/browser) echo chromium ;;
    dnf/python) echo python3.12 ;;
    dnf/java) echo java-latest-openjdk-headless ;;
    brew/python) echo python@3.12 ;;
    brew/java) echo openjdk ;;
    brew/browser) echo google-chrome ;;
    */maven) echo maven ;;
  esac
}

manager() {
  local name
  for name in apt-get dnf brew; do
    if command -v "$name" >/dev/null; then echo "$name"; return; fi
  done
}

# What to put before the manager's command: nothing as root and for brew, sudo where it asks no password. Fails where the
# user may not install.
permission() {
  if [ "$1" = brew ] || [ "$(id -u)" = 0 ]; then return; fi
  command -v sudo >/dev/null && sudo -n true 2>/dev/null && echo sudo
}

main() {
  local lacking manager prefix what before command=()
  lacking=$(missing "$1" | xargs)
  if [ -z "$lacking" ]; then return; fi
  manager=$(manager)
  [ -n "$manager" ] || die "Missing: $lacking. Install Python 3.11 to 3.14, Java 17 or newer, Maven, and for the tests Chromium."
  command=("$manager" install)
  [ "$manager" = brew ] || command+=(-y)
  [ "$manager" != apt-get ] || command+=(--no-install-recommends)
  for what in $lacking; do command+=("$(packages "$manager" "$what")"); done
  # A package manager takes one word a package, and some need two packages.
  read -r -a command <<<"${command[*]}"
  prefix=$(permission "$manager") || die "Missing: $lacking. Run this once, then the same make command again:" "  sudo ${command[*]}"
  export DEBIAN_FRONTEND=noninteractive
  if [ "$manager" = apt-get ]; then run "$prefix" apt-get update; fi
  run "$prefix" "${command[@]}"
  before=$lacking
  lacking=$(missing "$1" | xargs)
  [ "$lacking" != "$before" ] || die "Still missing after the installation: $lacking. Is it on the PATH?"
  # What a new Python lacks shows only once it is there.
  main "$1"
}

case ${1:-} in
  demo | test) main "$1" ;;
  browser) browser ;;
  *) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p;}' "$0"; exit 2 ;;
esac
