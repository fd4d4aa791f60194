#!/usr/bin/env bash
# Makes an Amazon Linux 2023 host the pipeline's and starts the services: packages, data disk, Kafka, containers, CloudWatch agent.
# begin.sh runs it at each boot and each deploy. What is done already is left as it is, and what failed is done by the next run.
set -Eeuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=/dev/null
. ./host.env
export AWS_REGION
# Tests give a folder in place of /, and an owner that they may be.
root=${HOST_ROOT:-} owner=${HOST_OWNER:-10001:10001} tries=${HOST_TRIES:-60}
data=$root/var/lib/stock-pipeline logs=$root/var/log/stock-pipeline units=$root/etc/systemd/system agent=$root/opt/aws/amazon-cloudwatch-agent
compose=(docker compose --file "$PWD/compose.yaml")
say() { printf '%s %s set_up: %s\n' "$(date -u +%FT%TZ)" "${2:-INFO}" "$1" | tee -a "$logs/host.log"; }
failed() { say "ended at line $1. It is tried again in a minute: see journalctl -u stock-pipeline" ERROR; }

# FILE PLACE: true when the file was not there like this. Moved, so that nobody reads half of it.
put() {
  if cmp -s "$1" "$2"; then return 1; fi
  install -D -m 0644 "$1" "$2.new"
  mv -f "$2.new" "$2"
}

# The compose plugin is not among Amazon Linux's packages. Docker's own are signed, and nothing else is taken from there.
packages() {
  local wanted=(docker docker-compose-plugin-2.35.1 iptables-nft jq tar diffutils xfsprogs logrotate amazon-cloudwatch-agent java-17-amazon-corretto-headless)
  rpm -q --quiet "${wanted[@]}" && return
  mkdir -p "$root/etc/yum.repos.d"
  cat >"$root/etc/yum.repos.d/docker-compose.repo" <<'REPO'
[docker-compose]
name=Docker, the compose plugin only
baseurl=https://download.docker.com/linux/rhel/9/x86_64/stable
gpgkey=https://download.docker.com/linux/rhel/gpg
gpgcheck=1
includepkgs=docker-compose-plugin
REPO
  dnf -q -y install "${wanted[@]}"
  say "packages installed"
}

# The disk is attached after the host has started, and formatted only when it is empty.
data_disk() {
  local device=$root/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${DATA_VOLUME/-/}
  until [ -e "$device" ]; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || { say "the data disk $DATA_VOLUME did not appear within 5 minutes: is it attached?" ERROR; return 1; }
    sleep 5
  done
  blkid "$device" >/dev/null || mkfs.xfs -q -L stock-data "$device"
  grep -qs LABEL=stock-data "$root/etc/fstab" || echo "LABEL=stock-data $data xfs defaults,nofail,x-systemd.device-timeout=5min 0 2" >>"$root/etc/fstab"
  mkdir -p "$data"
  mountpoint -q "$data" || mount "$data"
  # To the disk's size, which data_volume_gb may have raised. Nothing happens when it is that size.
  xfs_growfs "$data" >/dev/null
  mkdir -p "$data/producer"
  chmod 0700 "$data/producer"
  chown "$owner" "$data/producer"
}

services_units() {
  local unit changed=
  for unit in stock-pipeline.service stock-heal.service stock-heal.timer stock-identities.service stock-identities.timer; do
    if put "$unit" "$units/$unit"; then changed=yes; fi
  done
  if put logrotate.conf "$root/etc/logrotate.d/stock-pipeline"; then changed=yes; fi
  [ -z "$changed" ] || systemctl daemon-reload
  systemctl enable --quiet stock-pipeline
  systemctl enable --quiet --now docker stock-heal.timer stock-identities.timer
}

cloudwatch_agent() {
  if put cloudwatch.json "$agent/etc/stock-pipeline.json" || ! systemctl is-active --quiet amazon-cloudwatch-agent; then
    "$agent/bin/amazon-cloudwatch-agent-ctl" -a fetch-config -m ec2 -s -c "file:$agent/etc/stock-pipeline.json"
  fi
}

# Containers run as group 10001: the metadata service, which gives out the host's role, is closed to it. Their own come by identities.sh.
close_role() {
  local rule=(OUTPUT --destination 169.254.169.254 --match owner --gid-owner 10001 --jump REJECT)
  iptables --wait --check "${rule[@]}" 2>/dev/null || iptables --wait --insert "${rule[@]}"
}

# Pulled while the old ones run. Containers are made again when their settings, image or secrets changed. What no container uses is deleted after.
containers() {
  local again=()
  aws ecr get-login-password | docker login --username AWS --password-stdin "$REGISTRY" >/dev/null
  "${compose[@]}" pull --quiet
  [ ! -e .secrets-changed ] || again=(--force-recreate)
  "${compose[@]}" up --detach --remove-orphans --wait --wait-timeout 300 "${again[@]}"
  rm -f .secrets-changed
  docker image prune --all --force >/dev/null
}

mkdir -p "$logs"
chown "$owner" "$logs"
trap 'failed $LINENO' ERR
packages
data_disk
services_units
cloudwatch_agent
if [ "$OWN_KAFKA" = yes ]; then KAFKA_DATA=$data KAFKA_LOGS=$logs KAFKA_UID=10092 bash ./setup_kafka.sh; fi
close_role
bash ./secrets.sh
bash ./identities.sh
containers
say "the services are healthy"
