#!/usr/bin/env bash
# Takes the present set-up from the bucket, all of it or nothing, and runs it: stock-pipeline.service, at each boot and each deploy.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# BUCKET and AWS_REGION, written at the first boot.
# shellcheck source=/dev/null
. ./bucket.env
export AWS_REGION
# One at a time. heal.sh keeps still meanwhile.
exec 9>.lock
flock 9
rm -rf new
mkdir new
aws s3 cp --only-show-errors "s3://$BUCKET/deploy/files" new/files
while read -r file; do
  aws s3 cp --only-show-errors "s3://$BUCKET/deploy/$file" "new/$file"
done <new/files
# Moved, not written over: bash reads a script while it runs.
mv -f new/* .
exec bash ./set_up.sh
