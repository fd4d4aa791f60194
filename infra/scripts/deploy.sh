#!/usr/bin/env bash
# Deploys the pipeline to AWS: checks, lays the ground, builds and pushes the images, applies, migrates, waits for health.
#
#   infra/scripts/deploy.sh              asks before it applies; safe to run again
#   infra/scripts/deploy.sh --plan       shows what would change, changes nothing
#   infra/scripts/deploy.sh --destroy    deletes everything, after the deployment's name was typed
#   infra/scripts/deploy.sh --yes        applies without asking
#
# Settings are read from infra/terraform.tfvars. Images are tagged with the commit, so they are built from a clean tree only;
# DEPLOY_TAG names another tag. Credentials come by the AWS CLI's usual chain (AWS_PROFILE, a role, single sign-on).
set -euo pipefail

infra=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
root=$(dirname "$infra")
WAIT_SECONDS=${DEPLOY_WAIT_SECONDS:-1200}
say() { echo "deploy: $*"; }
die() { echo "deploy: $*" >&2; exit 1; }
tf() { terraform -chdir="$infra" "$@"; }
output() { tf output -raw "$1"; }

check_tools() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || die "$tool is missing: docs/deploy.md says where it comes from."
  done
  [[ " $* " != *" docker "* ]] || docker info >/dev/null 2>&1 || die "Docker does not answer: start it, it builds the images."
  # Terraform itself refuses a version that is too old, by required_version.
  aws sts get-caller-identity --query Account --output text >/dev/null 2>&1 || die "AWS does not know you: sign in (aws sso login, or AWS_PROFILE) and try again."
}

check_settings() {
  [ -f "$infra/terraform.tfvars" ] || die "infra/terraform.tfvars is missing: copy infra/terraform.tfvars.example and fill it in."
}

image_tag() {
  if [ -n "${DEPLOY_TAG:-}" ]; then echo "$DEPLOY_TAG"; return; fi
  [ -z "$(git -C "$root" status --porcelain -- services libs .dockerignore)" ] || die "services/ or libs/ have changes that are not committed: commit them, or name a tag by DEPLOY_TAG."
  git -C "$root" rev-parse --short=12 HEAD
}

# Repositories to push to, and the secrets to fill, before anything that needs them is made.
lay_ground() {
  say "laying the ground: repositories, secrets, the role for Snowflake, bucket"
  # Without -auto-approve Terraform asks, but not where nothing would change.
  tf apply -input=false ${yes:+-auto-approve} -var "image_tag=$tag" -target=module.registry -target=module.secrets -target=module.roles.aws_iam_role.snowflake -target=module.storage
}

check_secrets() {
  local secret missing=()
  while read -r secret; do
    [ "$(aws secretsmanager list-secret-version-ids --region "$region" --secret-id "$secret" --query 'length(Versions)' --output text)" != 0 ] || missing+=("$secret")
  done < <(tf output -json secrets | tr -d '[]" \n' | tr , '\n'; echo)
  [ ${#missing[@]} -eq 0 ] && return
  echo "deploy: these secrets have no value yet. Put each, then run this again:" >&2
  for secret in "${missing[@]}"; do
    echo "  aws secretsmanager put-secret-value --region $region --secret-id $secret --secret-string file://FILE" >&2
  done
  exit 1
}

check_snowflake() {
  [ "$(output snowflake_trusted)" = true ] && return
  cat >&2 <<EOF
deploy: Snowflake cannot read the bucket yet. An administrator of the account (ACCOUNTADMIN) runs what this prints, from the repository's root:
  local/stack/env.sh build services/sf-loader
  services/sf-loader/.venv/bin/stock-sf-loader setup --bucket $(output bucket) --role-arn $(output snowflake_role_arn) --external-id $(output snowflake_external_id) \\
    --loader-key loader.pub --auditor-key auditor.pub --dashboard-key dashboard.pub
Its last statement, DESC INTEGRATION, shows STORAGE_AWS_IAM_USER_ARN: set it as snowflake_principal_arn in infra/terraform.tfvars and run this again.
EOF
  exit 1
}

# Tags are immutable: what is there under this commit's tag was built from this commit.
push_images() {
  local service repository
  aws ecr get-login-password --region "$region" | docker login --username AWS --password-stdin "$(tf output -json repositories | sed 's/.*:"\([^/]*\)\/.*/\1/')" >/dev/null
  while IFS=' ' read -r service repository; do
    if aws ecr describe-images --region "$region" --repository-name "${repository#*/}" --image-ids "imageTag=$tag" >/dev/null 2>&1; then
      say "$service:$tag is in the registry"
      continue
    fi
    say "building $service:$tag"
    docker build --platform linux/amd64 --file "$root/services/$service/Dockerfile" --tag "$repository:$tag" "$root"
    docker push "$repository:$tag"
  done < <(tf output -json repositories | tr -d '{}" \n' | tr , '\n' | sed 's/:/ /'; echo)
}

# The host takes new settings, images and secrets when its unit starts; the unit's start runs topics and migrations and waits for health.
restart_host() {
  local instance command status waited=0
  instance=$(output instance_id)
  until [ "$(aws ssm describe-instance-information --region "$region" --filters "Key=InstanceIds,Values=$instance" --query 'length(InstanceInformationList)' --output text)" = 1 ]; do
    waited=$((waited + 10))
    [ "$waited" -le "$WAIT_SECONDS" ] || die "The host $instance has not reported to Session Manager: look at its console output (aws ec2 get-console-output)."
    sleep 10
  done
  command=$(aws ssm send-command --region "$region" --instance-ids "$instance" --document-name AWS-RunShellScript --query Command.CommandId --output text \
    --parameters 'commands=["cloud-init status --wait >/dev/null","systemctl restart stock-pipeline"],executionTimeout=["'"$WAIT_SECONDS"'"]')
  waited=0
  while status=$(aws ssm get-command-invocation --region "$region" --command-id "$command" --instance-id "$instance" --query Status --output text 2>/dev/null || echo Pending); do
    case $status in
      Success) return ;;
      Pending | InProgress | Delayed) ;;
      *) die "The services did not get healthy ($status): on the host see journalctl -u stock-pipeline and /var/log/stock-pipeline." ;;
    esac
    waited=$((waited + 10))
    [ "$waited" -le "$WAIT_SECONDS" ] || die "The services were not healthy within $WAIT_SECONDS s: on the host see journalctl -u stock-pipeline."
    sleep 10
  done
}

# Topics and migrations are containers that run before the services; apply has waited for the services to be steady.
check_tasks() {
  local cluster
  cluster=$(output cluster)
  # shellcheck disable=SC2046  # one word a service
  aws ecs wait services-stable --region "$region" --cluster "$cluster" --services $(tf output -json services | tr -d '[]"' | tr , ' ')
}

deploy() {
  check_tools terraform aws docker git
  check_settings
  tag=$(image_tag)
  tf init -input=false >/dev/null
  lay_ground
  region=$(output region)
  check_secrets
  check_snowflake
  push_images
  say "applying"
  tf apply -input=false ${yes:+-auto-approve} -var "image_tag=$tag"
  if [ "$(output deployment)" = ec2 ]; then restart_host; else check_tasks; fi
  say "healthy. Dashboard: $(output dashboard)"
}

plan() {
  check_tools terraform aws git
  check_settings
  tag=$(image_tag)
  tf init -input=false >/dev/null
  tf plan -input=false -var "image_tag=$tag"
}

destroy() {
  local name answer
  check_tools terraform aws
  check_settings
  tf init -input=false >/dev/null
  name=$(output bucket) || die "nothing is deployed from here."
  echo "This deletes the pipeline: host or cluster, brokers with what they hold, roles, secrets and, when deletion_protection is false, the bucket $name with every quote."
  read -r -p "Type $name to go on: " answer || true
  [ "${answer:-}" = "$name" ] || die "not confirmed, nothing was deleted."
  tf destroy -input=false -auto-approve
}

action=deploy yes=
for argument in "$@"; do
  case $argument in
    --plan) action=plan ;;
    --destroy) action=destroy ;;
    --yes) yes=yes ;;
    -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) die "unknown argument $argument; --help says what there is." ;;
  esac
done
$action
