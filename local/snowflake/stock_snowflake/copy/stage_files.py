"""The S3 side of a stage: read a named object, list a prefix. Only this module talks to S3."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import boto3
import botocore.config
import botocore.exceptions

from stock_snowflake.errors import SnowflakeError

READERS = 8
"""A COPY of 1,000 small files is bound by round trips. More readers slow a local S3 server down."""
CONNECT_TIMEOUT_SECONDS = 5
READ_TIMEOUT_SECONDS = 60
ATTEMPTS = 3


@dataclass(frozen=True)
class StagedFile:
    """One object: key in the bucket, content, and ETag and last_modified (aware, UTC) as S3 reports them."""

    bucket: str
    key: str
    etag: str
    last_modified: datetime.datetime
    body: bytes

    @property
    def address(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


class StageFiles(Protocol):
    """What COPY needs of a store. Raises SnowflakeError 091016 for a missing object, otherwise 091003."""

    def read(self, bucket: str, keys: list[str]) -> list[StagedFile]: ...

    def etags(self, bucket: str, prefix: str) -> dict[str, str]: ...

    def etag(self, bucket: str, key: str) -> str: ...


class S3StageFiles:
    """Stage files on S3 or a server with its protocol. Blocking. Safe to use from any thread."""

    def __init__(self, endpoint_url: str | None, region: str) -> None:
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=endpoint_url,
            region_name=region,
            config=botocore.config.Config(
                connect_timeout=CONNECT_TIMEOUT_SECONDS,
                read_timeout=READ_TIMEOUT_SECONDS,
                retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
                max_pool_connections=2 * READERS,
                s3={"addressing_style": "path"} if endpoint_url else {},
            ),
        )

    def read(self, bucket: str, keys: list[str]) -> list[StagedFile]:
        """The objects in the order of the keys."""
        with ThreadPoolExecutor(READERS, thread_name_prefix="stage-read") as readers:
            return list(readers.map(lambda key: self._read(bucket, key), keys))

    def etags(self, bucket: str, prefix: str) -> dict[str, str]:
        """Every key under the prefix, in key order, with its ETag."""
        return dict(self._list(bucket, prefix))

    def etag(self, bucket: str, key: str) -> str:
        try:
            return self._client.head_object(Bucket=bucket, Key=key)["ETag"].strip('"')
        except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
            raise _stage_error(error, bucket, key) from error

    def _read(self, bucket: str, key: str) -> StagedFile:
        try:
            answer = self._client.get_object(Bucket=bucket, Key=key)
            body = answer["Body"].read()
        except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
            raise _stage_error(error, bucket, key) from error
        return StagedFile(bucket, key, answer["ETag"].strip('"'), answer["LastModified"], body)

    def _list(self, bucket: str, prefix: str) -> Iterator[tuple[str, str]]:
        try:
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                for entry in page.get("Contents", ()):
                    yield entry["Key"], entry["ETag"].strip('"')
        except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
            raise _stage_error(error, bucket, prefix) from error


def _stage_error(
    error: botocore.exceptions.ClientError | botocore.exceptions.BotoCoreError, bucket: str, key: str
) -> SnowflakeError:
    if not isinstance(error, botocore.exceptions.ClientError):
        return SnowflakeError("091003", "55000", f"Failure using stage area. Cause: [{error}]")
    code = error.response.get("Error", {}).get("Code", "")
    if code in ("NoSuchKey", "404", "NotFound"):
        return SnowflakeError(
            "091016",
            "22000",
            f"Remote file 's3://{bucket}/{key}' was not found. There are several potential causes."
            " The file might not exist. The required credentials may be missing or invalid.",
        )
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    message = error.response.get("Error", {}).get("Message", "")
    return SnowflakeError(
        "091003",
        "55000",
        f"Failure using stage area. Cause: [{message} (Status Code: {status}; Error Code: {code})]",
    )
