#!/usr/bin/env bash
# Checks this folder with Prometheus' own tools: configuration, rules, each rule's tests, routes. Where promtool or
# amtool is missing, Debian's packages are unpacked into .build/prometheus. Nothing is installed or started.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
tools=$PWD/../.build/prometheus
export PATH=$PATH:$tools/usr/bin

if ! command -v promtool >/dev/null || ! command -v amtool >/dev/null; then
  command -v apt-get >/dev/null || {
    echo "promtool and amtool are missing: install Prometheus and Alertmanager, which bring them." >&2
    exit 2
  }
  mkdir -p "$tools"
  (cd "$tools"
    packages=(prometheus prometheus-alertmanager)
    apt-get download -qq "${packages[@]}" 2>/dev/null || { apt-get update -qq && apt-get download -qq "${packages[@]}"; }
    for package in ./*.deb; do dpkg -x "$package" .; done) >/dev/null
fi

# --syntax-only, because its rule_files name paths of the container.
promtool check config --syntax-only prometheus.yml
promtool check rules --lint=all --lint-fatal rules/*.yml
promtool test rules tests/*.yml
queries=$(mktemp)
trap 'rm -f "$queries"' EXIT
python3 grafana/dashboards.py --check
python3 grafana/dashboards.py --rules >"$queries"
promtool check rules "$queries"
amtool check-config alertmanager.yml

routed() { # SEVERITY RECEIVER
  local receiver
  receiver=$(amtool config routes test --config.file=alertmanager.yml "severity=$1" alertname=TargetDown 2>/dev/null)
  [ "$receiver" = "$2" ] || { echo "alerts of severity $1 do not go to $2" >&2; exit 1; }
}
routed critical pages
routed warning tickets
echo "routes: critical to pages, the rest to tickets"
