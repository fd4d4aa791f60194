#!/usr/bin/env bash
# Before each start: takes the present set-up from the bucket, and signs in to the registry (for 12 hours, enough to pull).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=/dev/null
. ./host.env
export AWS_REGION
for file in compose.yaml secrets.tsv cloudwatch.json host.env; do
  aws s3 cp --only-show-errors "s3://$BUCKET/deploy/$file" "$file.new"
  mv "$file.new" "$file"
done
aws ecr get-login-password | docker login --username AWS --password-stdin "$REGISTRY"
exec docker compose -f compose.yaml pull --quiet
