#!/usr/bin/env bash
# Makes an Amazon Linux 2023 host the pipeline's: packages, data disk, Kafka, containers, CloudWatch agent. Safe to run again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=/dev/null
. ./host.env
data=/var/lib/stock-pipeline

# The compose plugin is not among Amazon Linux's packages; Docker's own are signed, and nothing else is taken from there.
packages() {
  cat >/etc/yum.repos.d/docker-compose.repo <<'REPO'
[docker-compose]
name=Docker, the compose plugin only
baseurl=https://download.docker.com/linux/rhel/9/x86_64/stable
gpgkey=https://download.docker.com/linux/rhel/gpg
gpgcheck=1
includepkgs=docker-compose-plugin
REPO
  dnf -q -y install docker docker-compose-plugin jq xfsprogs amazon-cloudwatch-agent java-17-amazon-corretto-headless
}

# The disk is attached after the host has started, and formatted only when it is empty.
data_disk() {
  local device=/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${DATA_VOLUME/-/} tries=0
  until [ -e "$device" ]; do
    tries=$((tries + 1))
    [ "$tries" -le 60 ] || { echo "The data disk $DATA_VOLUME did not appear within 5 minutes: is it attached?" >&2; exit 1; }
    sleep 5
  done
  blkid "$device" >/dev/null || mkfs.xfs -q -L stock-data "$device"
  grep -q LABEL=stock-data /etc/fstab || echo "LABEL=stock-data $data xfs defaults,nofail,x-systemd.device-timeout=5min 0 2" >>/etc/fstab
  install -d -m 0755 "$data"
  mountpoint -q "$data" || mount "$data"
  # A larger data_volume_gb is used at the next start.
  xfs_growfs "$data" >/dev/null
  install -d -o 10001 -g 10001 -m 0700 "$data/producer"
}

# Written by the containers (10001) and by Kafka, read by the agent.
logs() {
  install -d -o 10001 -g 10001 -m 0755 /var/log/stock-pipeline
  install -m 0644 cloudwatch.json /opt/aws/amazon-cloudwatch-agent/etc/stock-pipeline.json
  /opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s -c file:/opt/aws/amazon-cloudwatch-agent/etc/stock-pipeline.json
}

packages
data_disk
systemctl enable --now docker
logs
if [ "$OWN_KAFKA" = yes ]; then KAFKA_DATA=$data KAFKA_LOGS=/var/log/stock-pipeline bash ./setup_kafka.sh; fi
install -m 0644 stock-pipeline.service /etc/systemd/system/stock-pipeline.service
systemctl daemon-reload
systemctl enable stock-pipeline
# Without waiting: until images and secrets are there it tries again by itself.
systemctl restart --no-block stock-pipeline
