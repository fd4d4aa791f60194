#!/usr/bin/env bash
# Each minute, by stock-heal.timer: starts a service again that is unhealthy or not there. Docker itself restarts only what ended.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=/dev/null
. ./host.env
compose=(docker compose --file "$PWD/compose.yaml")
say() { printf '%s ERROR heal: %s\n' "$(date -u +%FT%TZ)" "$1" | tee -a "${HOST_ROOT:-}/var/log/stock-pipeline/host.log"; }

# A deploy or a boot makes them just now. A unit that failed is tried again by systemd.
exec 9>.lock
flock --nonblock 9 || exit 0
systemctl is-active --quiet stock-pipeline || exit 0

states=$("${compose[@]}" ps --all --format '{{.Service}} {{.State}} {{.Health}}')
for service in $SERVICES; do
  state=$(grep "^$service " <<<"$states" || echo "$service missing")
  case $state in
    *" unhealthy") say "$state: it is started again"; "${compose[@]}" restart --timeout 40 "$service" ;;
    *" running "* | *" restarting "* | *" created "*) ;;
    *) say "$state: it is started"; "${compose[@]}" up --detach --no-deps "$service" ;;
  esac
done
