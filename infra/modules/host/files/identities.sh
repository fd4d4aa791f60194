#!/usr/bin/env bash
# Before the services start, and every ten minutes by stock-identities.timer: fetches each service's own role for an hour into /run, which is
# memory. A service reads its own by credential_process, and again before it ends. None reaches the host's role.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=/dev/null
. ./host.env
export AWS_REGION
place=${IDENTITIES_DIR:-/run/stock-identities} owner=${IDENTITIES_OWNER:-10001:10001}
# shellcheck disable=SC2016 # the AWS CLI's own quotes
form='{Version: `1`, AccessKeyId: Credentials.AccessKeyId, SecretAccessKey: Credentials.SecretAccessKey, SessionToken: Credentials.SessionToken, Expiration: Credentials.Expiration}'
say() { printf '%s ERROR identities: %s\n' "$(date -u +%FT%TZ)" "$1" | tee -a "${HOST_ROOT:-}/var/log/stock-pipeline/host.log" >&2; }

umask 077
mkdir -p "$place"
chmod 0711 "$place"
code=0
while IFS=$'\t' read -r service role; do
  mkdir -p "$place/$service"
  printf '[default]\ncredential_process = cat /run/identity/credentials.json\n' >"$place/$service/config"
  new=$(mktemp "$place/$service/.XXXXXX")
  if aws sts assume-role --role-arn "$role" --role-session-name "$service" --duration-seconds 3600 --query "$form" --output json >"$new"; then
    chown -R "$owner" "$place/$service"
    # Moved: the service reads the old or the new, never half of one.
    mv -f "$new" "$place/$service/credentials.json"
  else
    rm -f "$new"
    say "the role $role of $service cannot be assumed. What it has ends within the hour: see journalctl -u stock-identities"
    code=1
  fi
done <identities.tsv
exit "$code"
