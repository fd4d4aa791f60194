#!/usr/bin/env bash
# Runs a command of a service on AWS, prints what it prints, and ends with its exit code.
#
#   infra/scripts/run.sh auditor audit --full           python -m stock_auditor audit --full
#   infra/scripts/run.sh sf-loader verify
#   infra/scripts/run.sh s3-sink python -c 'print(1)'   python and what begins with / are run as they are
#
# On ecs it is a task of its own beside the service, with the service's image, rights, secrets and network: its log is
# printed while it runs, and Ctrl-C stops it. On ec2 it is a container of its own on the host, by Session Manager, which
# shows the last 24,000 characters at the end. What must be alone (the producer's outbox) wants its service stopped first.
set -euo pipefail

infra=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PAUSE=${RUN_PAUSE_SECONDS:-5}
die() { echo "run: $*" >&2; exit 1; }
output() { terraform -chdir="$infra" output -raw "$1" 2>/dev/null; }
ask() { AWS_DEFAULT_OUTPUT=text aws --region "$region" "$@"; }
words() { python3 -c 'import json, sys; print(json.dumps(sys.argv[1:]))' "$@"; }

# Prints the log from where it was read last: the first row is the mark of the next page, the same when there is none.
print_log() {
  local page next
  while page=$(ask logs get-log-events --log-group-name "/$name/$service" --log-stream-name "$service/$service/${task##*/}" \
    --start-from-head ${mark:+--next-token "$mark"} --query '[[[nextForwardToken]], events[].[message]][]' 2>/dev/null); do
    next=${page%%$'\n'*}
    [ "$page" = "$next" ] || printf '%s\n' "${page#*$'\n'}"
    if [ "$next" = "$mark" ]; then return; fi
    mark=$next
  done
}

of_task() { ask ecs describe-tasks --cluster "$cluster" --tasks "$task" --query "tasks[0].$1"; }

on_ecs() {
  local definition network overrides code
  cluster=$(output cluster || true)
  [ -n "$cluster" ] || die "nothing runs yet: infra/scripts/deploy.sh."
  definition=$(ask ecs describe-services --cluster "$cluster" --services "$service" --query 'services[0].taskDefinition')
  network=$(ask ecs describe-services --cluster "$cluster" --services "$service" --query 'services[0].networkConfiguration' --output json)
  overrides="{\"containerOverrides\": [{\"name\": \"$service\", \"command\": $(words "$@")}]}"
  task=$(ask ecs run-task --cluster "$cluster" --task-definition "$definition" --launch-type FARGATE --started-by run.sh --propagate-tags TASK_DEFINITION \
    --network-configuration "$network" --overrides "$overrides" --query 'tasks[0].taskArn')
  [ "$task" != None ] || die "ECS has no room for the task now: try again."
  trap 'ask ecs stop-task --cluster "$cluster" --task "$task" >/dev/null; exit 130' INT TERM
  echo "run: ${task##*/} is starting" >&2
  mark=
  until [ "$(of_task lastStatus || true)" = STOPPED ]; do
    print_log
    sleep "$PAUSE"
  done
  # Its last lines arrive a little after its end.
  sleep "$PAUSE"
  print_log
  # A job before it, or a secret, may have kept it from starting.
  code=$(of_task "containers[?name=='$service'].exitCode | [0]")
  [ "$code" != None ] || die "it did not start: $(of_task stoppedReason). Containers and exit codes: $(of_task 'containers[].[name, exitCode, reason]' | tr '\t\n' ' ,')"
  return "$code"
}

on_ec2() {
  local instance line command status code
  instance=$(output instance_id || true)
  [ -n "$instance" ] || die "nothing runs yet: infra/scripts/deploy.sh."
  line="docker compose --file /opt/stock-pipeline/compose.yaml run --rm -T --no-deps $service$(printf ' %q' "$@")"
  command=$(ask ssm send-command --instance-ids "$instance" --document-name AWS-RunShellScript --query Command.CommandId \
    --parameters "{\"commands\": $(words "$line"), \"executionTimeout\": [\"14400\"]}")
  invocation() { ask ssm get-command-invocation --command-id "$command" --instance-id "$instance" --query "$1"; }
  # It is not known at once.
  while status=$(invocation Status 2>/dev/null || echo Pending); do
    case $status in Pending | InProgress | Delayed) sleep "$PAUSE" ;; *) break ;; esac
  done
  invocation StandardOutputContent
  invocation StandardErrorContent >&2
  code=$(invocation ResponseCode)
  [ "$code" -ge 0 ] || die "it did not run: $status."
  return "$code"
}

case ${1:-} in
  "" | -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p;}' "${BASH_SOURCE[0]}"; exit 0 ;;
esac
service=$1
shift
for tool in aws terraform python3; do command -v "$tool" >/dev/null || die "$tool is missing: docs/how-to/deploy.md says where it comes from."; done
region=$(output region || true)
[ -n "$region" ] || die "nothing is deployed from here."
name=$(output name)
services=$(terraform -chdir="$infra" output -json services)
[[ $services == *"\"$service\""* ]] || die "there is no service $service here. There are: $services"
case ${1:-} in
  python | python3 | /*) ;;
  *) set -- python -m "stock_${service//-/_}" "$@" ;;
esac
if [ "$(output deployment)" = ecs ]; then on_ecs "$@"; else on_ec2 "$@"; fi
