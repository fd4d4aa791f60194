#!/usr/bin/env bash
# Every check of infra/ that needs no account. `make infra-test` calls it.
#
# Terraform's providers come from its registry. Where that is not reached, TERRAFORM_PROVIDERS names a command whose output (export
# TF_CLI_CONFIG_FILE=...) points Terraform to stand-ins with the providers' schemas.
set -euo pipefail
infra=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$infra")
# A relative name is one from where this was called.
[ -z "${TERRAFORM_PROVIDERS:-}" ] || TERRAFORM_PROVIDERS=$(realpath "$TERRAFORM_PROVIDERS")
cd "$infra"
say() { echo "== $*"; }
die() { echo "$*" >&2; exit 1; }

for tool in terraform shellcheck systemd-analyze; do
  command -v "$tool" >/dev/null || die "$tool is missing: install it (on Debian: apt-get install shellcheck systemd; Terraform 1.11 or newer)."
done

# A copy, so that neither lock file nor .terraform of a real deployment is touched, and a backend.tf does not ask for its bucket.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/infra"
cp -r "$root/monitoring" "$root/services.yaml" "$work/"
tar -C "$infra" --exclude=.terraform --exclude=.terraform.lock.hcl --exclude='.venv*' --exclude='backend.tf' --exclude='*.tfstate*' -cf - . | tar -C "$work/infra" -xf -
cd "$work/infra"

say "terraform fmt"
terraform fmt -check -recursive -diff
say "terraform init and validate"
if ! terraform init -backend=false -input=false >"$work/init.log" 2>&1; then
  [ -n "${TERRAFORM_PROVIDERS:-}" ] || { cat "$work/init.log" >&2; die "Terraform's registry is not reached, and TERRAFORM_PROVIDERS names nothing in its place."; }
  eval "$("$TERRAFORM_PROVIDERS")"
  terraform init -backend=false -input=false >/dev/null
fi
terraform validate -no-color
(cd bootstrap && terraform init -backend=false -input=false >/dev/null && terraform validate -no-color)

say "terraform test"
terraform test -no-color

for deployment in ec2 ecs; do
  say "terraform plan, $deployment"
  AWS_ACCESS_KEY_ID=${AWS_ACCESS_KEY_ID:-none} AWS_SECRET_ACCESS_KEY=${AWS_SECRET_ACCESS_KEY:-none} \
    terraform plan -no-color -input=false -lock=false -var-file="tests/$deployment.tfvars" -out="$work/$deployment.tfplan" >"$work/plan.log" 2>&1 || { cat "$work/plan.log" >&2; exit 1; }
  grep '^Plan:' "$work/plan.log"
  terraform show -json "$work/$deployment.tfplan" >"$work/$deployment.json"
  say "a second plan, $deployment"
  AWS_ACCESS_KEY_ID=${AWS_ACCESS_KEY_ID:-none} AWS_SECRET_ACCESS_KEY=${AWS_SECRET_ACCESS_KEY:-none} \
    python3 tests/settle.py --chdir . --var-file "tests/$deployment.tfvars" --state "$work/$deployment.tfstate" --out "$work/$deployment.settled.json"
done

say "shellcheck"
shellcheck "$infra"/test.sh "$infra"/scripts/*.sh "$infra"/modules/host/files/*.sh

# FOLDER REQUIREMENTS: an environment of exactly these, made again when they change.
environment() {
  local uv=$root/.build/tools/bin/uv
  if cmp -s "$2" "$1/.stamp"; then return; fi
  say "environment $(basename "$1")"
  "$root/local/stack/env.sh" bootstrap
  "$uv" venv --quiet --no-project --clear --python "$root/.build/tools/bin/python" "$1"
  "$uv" pip sync --quiet --python "$1/bin/python" --require-hashes "$2"
  cp "$2" "$1/.stamp"
}
environment "$infra/.venv" "$infra/requirements-test.txt"
editable=()
for source in libs/{common,kafka,objects,warehouse} services/{s3-sink,sf-loader,auditor}; do
  editable+=(-e "$root/$source")
done
"$root/.build/tools/bin/uv" pip install --quiet --offline --no-deps --python "$infra/.venv/bin/python" "${editable[@]}"
environment "$infra/.venv-checkov" "$infra/requirements-checkov.txt"
"$root/local/stack/env.sh" kafka
# It brings promtool and amtool where they are missing.
"$root/monitoring/check.sh" >/dev/null
# The services' settings classes check their variables, and the producer sends through the broker of setup_kafka.sh.
# shellcheck disable=SC2046 # names of services have no spaces
"$root/local/stack/env.sh" build $(sed -n "s#^\([a-z0-9-]*\):\$#services/\1#p" "$root/services.yaml") local/market

say "checkov"
"$infra/.venv-checkov/bin/checkov" --directory . --framework terraform --skip-path '\.terraform/' --skip-path tests/ --skip-download --quiet --compact

say "pytest"
INFRA_PLANS=$work PYTHONPATH=$infra AWS_ACCESS_KEY_ID=${AWS_ACCESS_KEY_ID:-none} AWS_SECRET_ACCESS_KEY=${AWS_SECRET_ACCESS_KEY:-none} "$infra/.venv/bin/python" -m pytest -q -p no:cacheprovider --timeout 120 "$infra/tests"
