#!/usr/bin/env bash
# Before the services: fetches the secrets that secrets.tsv names into /run, which is memory. Nothing of them reaches a disk or a log.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=/dev/null
. ./host.env
export AWS_REGION
place=${SECRETS_DIR:-/run/stock-pipeline}
umask 077
new=$(mktemp -d "$place.XXXXXX")
trap 'rm -rf "$new"' EXIT

for service in $SERVICES; do
  : >"$new/$service.env"
  mkdir "$new/$service"
done

while IFS=$'\t' read -r service kind name secret key; do
  if ! value=$(aws secretsmanager get-secret-value --secret-id "$secret" --query SecretString --output text); then
    echo "The secret $secret cannot be read: put its value with aws secretsmanager put-secret-value --secret-id $secret, see docs/how-to/deploy.md." >&2
    exit 1
  fi
  if [ "$key" != - ]; then value=$(jq -er --arg key "$key" '.[$key]' <<<"$value"); fi
  case $kind in
    variable) printf '%s=%s\n' "$name" "$value" >>"$new/$service.env" ;;
    file) printf '%s\n' "$value" >"$new/$service/$name" ;;
  esac
done <secrets.tsv

chown -R "${SECRETS_OWNER:-10001:10001}" "$new"
chmod 0711 "$new"
# Containers have the folder mounted: it is another one only when something in it changed, and set_up.sh then makes them again.
if ! diff -r -q "$new" "$place" >/dev/null 2>&1; then
  touch .secrets-changed
  rm -rf "$place"
  mv "$new" "$place"
fi
