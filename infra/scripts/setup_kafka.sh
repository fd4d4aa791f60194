#!/usr/bin/env bash
# Sets up Kafka 3.9 with ZooKeeper on this host: one broker on loopback, under systemd, with the pipeline's topics.
#
#   sudo ./setup_kafka.sh             installs what is missing and starts it; safe to run again
#   sudo ./setup_kafka.sh --help      this text
#
# By variables:
#   KAFKA_ARCHIVE   a kafka_2.13-*.tgz on this machine in place of the download (bin/ is not needed, libs/ is)
#   KAFKA_SHA512    its checksum; without it a download is checked against the one in this script, KAFKA_ARCHIVE is not
#   KAFKA_URL       folder of the download (https://archive.apache.org/dist/kafka/<version>)
#   KAFKA_HOME (/opt/kafka)  KAFKA_DATA (/var/lib/kafka)  KAFKA_LOGS (/var/log/kafka)  KAFKA_USER (kafka)  KAFKA_UNITS (/etc/systemd/system)
#   KAFKA_PORT (9092)  ZOOKEEPER_PORT (2181)  KAFKA_UID (number of the user that is made, the system's next)
#
# Without systemd (a container) it installs and configures, says how to start both, and makes the topics when the broker already answers.
# Needs: Java 17 or newer, curl, tar, sha512sum.
set -euo pipefail

# The checksum is the one that Apache publishes beside the archive. A new version needs a new one here.
VERSION=3.9.2
SHA512=01186a5086b5ae753811ee71808a797baec1303d4e0d4b1c0acf42c489654a7b8988136f8469d0b66f0be439f8e3e9b816171ea0b0d7a36462b07aa2d3ef0023
NAME=kafka_2.13-$VERSION
HOME_DIR=${KAFKA_HOME:-/opt/kafka}
DATA=${KAFKA_DATA:-/var/lib/kafka}
LOGS=${KAFKA_LOGS:-/var/log/kafka}
OWNER=${KAFKA_USER:-kafka}
UNITS=${KAFKA_UNITS:-/etc/systemd/system}
PORT=${KAFKA_PORT:-9092}
ZOOKEEPER=${ZOOKEEPER_PORT:-2181}
APACHE=https://archive.apache.org/dist/kafka/$VERSION
WAIT_SECONDS=120

# The contract's topics (libs/common): name, partitions, days kept (0: compacted). A test compares the two.
TOPICS="stock-data 6 7
stock-alerts 3 7
stock-bars 3 7
stock-dlq 3 30
stock-decisions 1 0
stock-status 1 0"

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
say() { echo "setup_kafka: $*"; }
die() { echo "setup_kafka: $*" >&2; exit 1; }

check_tools() {
  local tool version
  for tool in curl tar sha512sum java; do
    command -v "$tool" >/dev/null || die "$tool is missing: install it (Java: dnf install java-17-amazon-corretto-headless)."
  done
  version=$(java -version 2>&1 | sed -n '1s/.*version "\([0-9]*\).*/\1/p')
  [ "${version:-0}" -ge 17 ] || die "Java ${version:-of unknown version} is too old: install Java 17 or newer."
}

make_owner() {
  id "$OWNER" >/dev/null 2>&1 && return
  useradd --system ${KAFKA_UID:+--uid "$KAFKA_UID"} --user-group --home-dir "$DATA" --no-create-home --shell /usr/sbin/nologin "$OWNER"
  say "user $OWNER made"
}

# Prints the archive's path. A download stays in the temporary folder that main removes.
fetch() {
  local archive=$work/$NAME.tgz sum=${KAFKA_SHA512:-}
  if [ -n "${KAFKA_ARCHIVE:-}" ]; then
    archive=$KAFKA_ARCHIVE
    [ -f "$archive" ] || die "KAFKA_ARCHIVE=$archive is not a file."
  else
    curl --fail --silent --show-error --location --proto '=https' --retry 3 --max-time 900 --output "$archive" "${KAFKA_URL:-$APACHE}/$NAME.tgz" ||
      die "The download of $NAME.tgz failed: try again, or name a copy by KAFKA_ARCHIVE."
    sum=${sum:-$SHA512}
  fi
  if [ -n "$sum" ] && [ "$(sha512sum "$archive" | cut -d' ' -f1)" != "$sum" ]; then
    die "$archive does not have the checksum $sum: it is damaged or not what it says; nothing was installed."
  fi
  echo "$archive"
}

# The version is a folder of its own, and /opt/kafka points to it: a broken unpacking never becomes the broker.
install_kafka() {
  local archive
  if [ -e "$HOME_DIR/.version" ] && [ "$(cat "$HOME_DIR/.version")" = "$VERSION" ]; then
    say "Kafka $VERSION is there"
    return
  fi
  archive=$(fetch)
  mkdir -p "$work/kafka" "$(dirname "$HOME_DIR")"
  tar -xzf "$archive" -C "$work/kafka" --strip-components=1 --no-same-owner
  compgen -G "$work/kafka/libs/kafka_2.13-$VERSION.jar" >/dev/null || die "$archive has no libs/kafka_2.13-$VERSION.jar: it is not Kafka $VERSION."
  mkdir -p "$work/kafka/config"
  echo "$VERSION" >"$work/kafka/.version"
  rm -rf "$HOME_DIR-$VERSION"
  cp -r "$work/kafka" "$HOME_DIR-$VERSION"
  chmod -R go-w "$HOME_DIR-$VERSION"
  ln -sfn "$HOME_DIR-$VERSION" "$HOME_DIR"
  changed=yes
  say "Kafka $VERSION installed in $HOME_DIR"
}

# Writes stdin to a file, and notes whether that changed anything.
write() {
  local file=$1 new
  new=$(mktemp "$work/XXXXXX")
  cat >"$new"
  cmp -s "$new" "$file" && return
  install -m 0644 "$new" "$file"
  changed=yes
  say "$file written"
}

configure() {
  write "$HOME_DIR/config/zookeeper.properties" <<EOF
dataDir=$DATA/zookeeper
clientPort=$ZOOKEEPER
clientPortAddress=127.0.0.1
admin.enableServer=false
4lw.commands.whitelist=srvr
maxClientCnxns=0
tickTime=2000
autopurge.snapRetainCount=5
autopurge.purgeInterval=24
EOF
  write "$HOME_DIR/config/server.properties" <<EOF
broker.id=1
listeners=PLAINTEXT://127.0.0.1:$PORT
advertised.listeners=PLAINTEXT://localhost:$PORT
zookeeper.connect=127.0.0.1:$ZOOKEEPER
log.dirs=$DATA/kafka
log.retention.hours=168
auto.create.topics.enable=false
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
EOF
  write "$HOME_DIR/config/log4j.properties" <<'EOF'
log4j.rootLogger=INFO, stdout
log4j.appender.stdout=org.apache.log4j.ConsoleAppender
log4j.appender.stdout.layout=org.apache.log4j.PatternLayout
log4j.appender.stdout.layout.ConversionPattern=%d{ISO8601} %p %m (%c)%n
EOF
  write "$HOME_DIR/config/tools.properties" <<'EOF'
log4j.rootLogger=WARN, stderr
log4j.appender.stderr=org.apache.log4j.ConsoleAppender
log4j.appender.stderr.target=System.err
log4j.appender.stderr.layout=org.apache.log4j.PatternLayout
log4j.appender.stderr.layout.ConversionPattern=%p %m%n
EOF
}

place_data() {
  local group
  group=$(id -gn "$OWNER")
  mkdir -p "$DATA" "$LOGS"
  install -d -o "$OWNER" -g "$group" -m 0750 "$DATA/kafka" "$DATA/zookeeper"
  # A disk that comes from another host may have another number for the user.
  [ -z "$(find "$DATA/kafka" "$DATA/zookeeper" ! -user "$OWNER" -print -quit)" ] || chown -R "$OWNER:$group" "$DATA/kafka" "$DATA/zookeeper"
}

place_units() {
  local unit source java
  java=$(readlink -f "$(command -v java)")
  mkdir -p "$UNITS"
  for unit in zookeeper.service kafka.service; do
    # On the host the units lie beside this script, in the repository in systemd/.
    source=$here/systemd/$unit
    [ -f "$source" ] || source=$here/$unit
    write "$UNITS/$unit" < <(sed "s#@HOME@#$HOME_DIR#g; s#@DATA@#$DATA#g; s#@LOGS@#$LOGS#g; s#@USER@#$OWNER#g; s#@JAVA@#$java#g" "$source")
  done
}

# systemd's append: never rotates; the files are small, so copying them loses a line at worst.
place_rotation() {
  [ -d /etc/logrotate.d ] && [ -w /etc/logrotate.d ] && [ "$UNITS" = /etc/systemd/system ] || return 0
  write /etc/logrotate.d/kafka <<EOF
$LOGS/kafka.log $LOGS/zookeeper.log {
  size 50M
  rotate 3
  copytruncate
  missingok
  notifempty
  compress
}
EOF
}

topic_tool() { java -Xmx128m -Dlog4j.configuration="file:$HOME_DIR/config/tools.properties" -cp "$HOME_DIR/libs/*" org.apache.kafka.tools.TopicCommand --bootstrap-server "localhost:$PORT" "$@"; }

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; }

make_topics() {
  local name partitions days policy existing
  existing=$(topic_tool --list)
  while read -r name partitions days; do
    grep -qx "$name" <<<"$existing" && continue
    policy=(--config cleanup.policy=compact)
    [ "$days" = 0 ] || policy=(--config cleanup.policy=delete --config "retention.ms=$((days * 86400000))")
    topic_tool --create --if-not-exists --topic "$name" --partitions "$partitions" --replication-factor 1 \
      --config message.timestamp.type=LogAppendTime --config min.insync.replicas=1 "${policy[@]}" >/dev/null
    say "topic $name made"
  done <<<"$TOPICS"
}

start() {
  local waited=0
  systemctl daemon-reload
  systemctl enable --quiet zookeeper kafka
  if [ "$changed" = yes ]; then systemctl restart zookeeper kafka; else systemctl start zookeeper kafka; fi
  until answers; do
    waited=$((waited + 2))
    [ "$waited" -le "$WAIT_SECONDS" ] || die "Kafka does not answer on port $PORT after $WAIT_SECONDS s: see systemctl status kafka and $LOGS/kafka.log."
    sleep 2
  done
}

main() {
  case ${1:-} in
    "") ;;
    -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) die "unknown argument $1; --help says what there is." ;;
  esac
  changed=no
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  check_tools
  make_owner
  install_kafka
  configure
  place_data
  place_units
  place_rotation
  if [ -d /run/systemd/system ]; then
    start
  elif ! answers; then
    say "systemd does not run here: start what ExecStart= of $UNITS/zookeeper.service and $UNITS/kafka.service says, then run this again for the topics."
    exit 0
  fi
  make_topics
  say "Kafka answers on localhost:$PORT"
}

main "$@"
