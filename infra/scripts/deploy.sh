#!/usr/bin/env bash
# Deploys the pipeline to AWS: checks, makes what must exist first, builds and pushes the images, applies, migrates,
# waits for health.
#
#   infra/scripts/deploy.sh              asks before it applies, and is safe to run again
#   infra/scripts/deploy.sh --plan       shows what would change, changes nothing
#   infra/scripts/deploy.sh --ground     only makes what must exist first, for the checks before the first start
#   infra/scripts/deploy.sh --destroy    deletes everything, after the deployment's name was typed
#   infra/scripts/deploy.sh --yes        applies without asking
#
# Settings are read from infra/terraform.tfvars. Images are tagged with the commit, so they are built from a clean tree
# only. DEPLOY_TAG names another tag. Credentials come by the AWS CLI's usual chain (AWS_PROFILE, a role, single
# sign-on).
set -euo pipefail

infra=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
root=$(dirname "$infra")
WAIT_SECONDS=${DEPLOY_WAIT_SECONDS:-1200}
say() { echo "deploy: $*"; }
die() { echo "deploy: $*" >&2; exit 1; }
tf() { terraform -chdir="$infra" "$@"; }
output() { tf output -raw "$1"; }
# One line: the region, the name, and the secrets that the settings ask for.
settings() { tf console -var "image_tag=$tag" <<<'join(" ", concat([var.region, var.name, var.deployment], keys(local.secrets)))' | tr -d '"'; }

check_tools() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || die "$tool is missing: docs/how-to/deploy.md says where it comes from."
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

# What was deleted with protection on waits for a week, and no other secret can have its name meanwhile.
restore_secrets() {
  local secret wanted
  read -r region name deployment wanted < <(settings)
  for secret in $(aws secretsmanager list-secrets --region "$region" --include-planned-deletion --filters "Key=name,Values=$name/" --query 'SecretList[?DeletedDate].Name' --output text); do
    [[ " $wanted " == *" ${secret#"$name"/} "* ]] || continue
    say "the secret $secret waits for its deletion: it is taken back, with its value"
    aws secretsmanager restore-secret --region "$region" --secret-id "$secret" >/dev/null
    tf import -input=false -var "image_tag=$tag" "module.secrets.aws_secretsmanager_secret.this[\"${secret#"$name"/}\"]" "$secret" >/dev/null
  done
  # MSK's sign-ins are made again, so the old ones may go at once.
  for secret in $(aws secretsmanager list-secrets --region "$region" --include-planned-deletion --filters "Key=name,Values=AmazonMSK_${name}_" --query 'SecretList[?DeletedDate].Name' --output text); do
    aws secretsmanager restore-secret --region "$region" --secret-id "$secret" >/dev/null
    aws secretsmanager delete-secret --region "$region" --secret-id "$secret" --force-delete-without-recovery >/dev/null
  done
}

# The first cluster of an account is refused until ECS's own role is there and known everywhere, and Terraform does
# not try again. The images take longer to build than that.
make_ecs_role() {
  [ "$deployment" = ecs ] || return 0
  aws iam get-role --role-name AWSServiceRoleForECS >/dev/null 2>&1 && return
  say "making ECS's service-linked role"
  aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com >/dev/null
}

# Repositories to push to, secrets to fill and an address to name to Snowflake, before anything that needs them is made.
lay_ground() {
  say "laying the ground: repositories, secrets, the role for Snowflake, bucket"
  # Without -auto-approve Terraform asks, but not where nothing would change.
  tf apply -input=false ${yes:+-auto-approve} -var "image_tag=$tag" -target=module.registry -target=module.secrets -target=module.roles.aws_iam_role_policy.snowflake -target=module.storage \
    -target=module.address
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
  local address
  [ "$(output snowflake_trusted)" = true ] && return
  address=$(output address 2>/dev/null || true)
  cat >&2 <<EOF
deploy: Snowflake cannot read the bucket yet. An administrator of the account (ACCOUNTADMIN) runs what this prints, from the repository's root:
  local/stack/env.sh build services/sf-loader
  services/sf-loader/.venv/bin/stock-sf-loader setup --bucket $(output bucket) --role-arn $(output snowflake_role_arn) --external-id $(output snowflake_external_id) \\
    $(output snowflake_options)${address:+ --network $address/32} >account.sql
Its last statement, DESC INTEGRATION, shows STORAGE_AWS_IAM_USER_ARN: set it as snowflake_principal_arn in infra/terraform.tfvars and run this again.
EOF
  exit 1
}

# Tags are immutable: what is there under this commit's tag was built from this commit.
push_images() {
  local service repository version
  version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' "$root/libs/common/stock_common/version.py" 2>/dev/null || true)
  aws ecr get-login-password --region "$region" | docker login --username AWS --password-stdin "$(tf output -json repositories | sed 's/.*:"\([^/]*\)\/.*/\1/')" >/dev/null
  while IFS=' ' read -r service repository; do
    if aws ecr describe-images --region "$region" --repository-name "${repository#*/}" --image-ids "imageTag=$tag" >/dev/null 2>&1; then
      say "$service:$tag is in the registry"
      continue
    fi
    say "building $service:$tag"
    docker build --platform linux/amd64 --label "org.opencontainers.image.version=${version:-unknown}" --file "$root/services/$service/Dockerfile" --tag "$repository:$tag" "$root"
    docker push "$repository:$tag"
  done < <(tf output -json repositories | tr -d '{}" \n' | tr , '\n' | sed 's/:/ /'; echo)
}

# The host takes set-up, settings, images and secrets when its unit starts and when it is reloaded. Both also run topics
# and migrations and wait for health. A reload stops nothing that does not change.
set_up_host() {
  local instance command status waited=0
  instance=$(output instance_id)
  until [ "$(aws ssm describe-instance-information --region "$region" --filters "Key=InstanceIds,Values=$instance" --query 'length(InstanceInformationList)' --output text)" = 1 ]; do
    waited=$((waited + 10))
    [ "$waited" -le "$WAIT_SECONDS" ] || die "The host $instance has not reported to Session Manager: look at its console output (aws ec2 get-console-output)."
    sleep 10
  done
  command=$(aws ssm send-command --region "$region" --instance-ids "$instance" --document-name AWS-RunShellScript --query Command.CommandId --output text \
    --parameters 'commands=["cloud-init status --wait >/dev/null","systemctl start stock-pipeline && systemctl reload stock-pipeline"],executionTimeout=["'"$WAIT_SECONDS"'"]')
  waited=0
  while status=$(aws ssm get-command-invocation --region "$region" --command-id "$command" --instance-id "$instance" --query Status --output text 2>/dev/null || echo Pending); do
    case $status in
      Success) return ;;
      Pending | InProgress | Delayed) ;;
      *) die "The services did not get healthy ($status): on the host see journalctl -u stock-pipeline and /var/log/stock-pipeline, host.log first." ;;
    esac
    waited=$((waited + 10))
    [ "$waited" -le "$WAIT_SECONDS" ] || die "The services were not healthy within $WAIT_SECONDS s: on the host see journalctl -u stock-pipeline."
    sleep 10
  done
}

# Topics and migrations are containers that run before the services. Apply has waited until the
# services are steady.
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
  restore_secrets
  make_ecs_role
  lay_ground
  check_secrets
  check_snowflake
  [ -z "$ground" ] || { say "the ground is laid, and Snowflake is trusted. Nothing was started."; return; }
  push_images
  say "applying"
  tf apply -input=false ${yes:+-auto-approve} -var "image_tag=$tag"
  if [ "$(output deployment)" = ec2 ]; then set_up_host; else check_tasks; fi
  say "healthy. Dashboard: $(output dashboard)"
}

plan() {
  check_tools terraform aws git
  check_settings
  tag=$(image_tag)
  tf init -input=false >/dev/null
  tf plan -input=false -var "image_tag=$tag"
}

# Terraform empties and strips a bucket before S3 refuses to delete it: so what is protected is asked first.
check_unprotected() {
  local protected=
  if [[ $(tf state show -no-color 'module.storage[0].aws_s3_bucket.this["data"]' 2>/dev/null) =~ force_destroy\ *=\ false ]]; then protected="the bucket"; fi
  if [[ $(tf state show -no-color 'module.load_balancer[0].aws_lb.this' 2>/dev/null) =~ enable_deletion_protection\ *=\ true ]]; then protected+="${protected:+ and }the load balancer"; fi
  [ -z "$protected" ] || die "$protected: protected from deletion. Nothing was touched. Set deletion_protection = false in infra/terraform.tfvars, run deploy.sh, and then this again."
}

destroy() {
  local name answer
  check_tools terraform aws
  check_settings
  tf init -input=false >/dev/null
  # Without any output Terraform prints a warning in its place, and ends with 0.
  name=$(output bucket) || name=
  [[ $name =~ ^[a-z0-9.-]+$ ]] || die "nothing is deployed from here."
  check_unprotected
  echo "This deletes the pipeline: host or cluster, brokers with what they hold, roles, secrets and, when deletion_protection is false, the bucket $name with every quote."
  read -r -p "Type $name to go on: " answer || true
  [ "${answer:-}" = "$name" ] || die "not confirmed, nothing was deleted."
  tf destroy -input=false -auto-approve -var image_tag=none
}

action=deploy yes='' ground=''
for argument in "$@"; do
  case $argument in
    --plan) action=plan ;;
    --ground) ground=yes ;;
    --destroy) action=destroy ;;
    --yes) yes=yes ;;
    -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p;}' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) die "unknown argument $argument; --help says what there is." ;;
  esac
done
$action
