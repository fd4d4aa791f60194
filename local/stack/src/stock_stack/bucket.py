"""The bucket job: makes S3_BUCKET at S3_ENDPOINT_URL where it is missing, and looks that it is there."""

from __future__ import annotations

import os

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


def main() -> None:
    config = Config(s3={"addressing_style": "path"}, connect_timeout=5, read_timeout=15, retries={"max_attempts": 5})
    client = boto3.client("s3", endpoint_url=os.environ["S3_ENDPOINT_URL"], region_name=os.environ["AWS_REGION"], config=config)
    name = os.environ["S3_BUCKET"]
    try:
        client.create_bucket(Bucket=name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
            raise
    client.head_bucket(Bucket=name)


if __name__ == "__main__":
    main()
