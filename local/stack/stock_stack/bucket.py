"""The bucket job: makes S3_BUCKET at S3_ENDPOINT_URL if it is missing, and checks that it is there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


def s3_client(environment: Mapping[str, str], **config: Any) -> Any:
    """A boto3 client with the S3 server, region and credentials in a service's variables."""
    return boto3.client(
        "s3",
        endpoint_url=environment["S3_ENDPOINT_URL"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment.get("AWS_ACCESS_KEY_ID"),
        aws_secret_access_key=environment.get("AWS_SECRET_ACCESS_KEY"),
        config=Config(s3={"addressing_style": "path"}, **config),
    )


def main() -> None:
    client = s3_client(os.environ, connect_timeout=5, read_timeout=15, retries={"max_attempts": 5})
    name = os.environ["S3_BUCKET"]
    try:
        client.create_bucket(Bucket=name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
            raise
    client.head_bucket(Bucket=name)


if __name__ == "__main__":
    main()
