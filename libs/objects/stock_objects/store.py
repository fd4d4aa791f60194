"""The S3 adapter. Every call has a timeout. botocore retries what is safe to repeat, with a bound.

A conditional write is atomic with `put_object` only. On other servers CompleteMultipartUpload is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from stock_common import keys
from stock_common.keys import ROOT, Shape
from stock_common.run import FatalError
from stock_objects.config import ObjectSettings
from stock_objects.errors import Conflict, ObjectError, classify

CONNECT_SECONDS = 5
READ_SECONDS = 60
CONNECTIONS = 32
PAGE = 1_000
"""Objects that one LIST answers with at most. Source: Amazon S3 API, ListObjectsV2, MaxKeys."""


class ObjectInfo(NamedTuple):
    """One object as LIST gives it. `etag` is without quotes, `size` in bytes."""

    key: str
    size: int
    etag: str
    modified: datetime


class ObjectHead(NamedTuple):
    """One object as HEAD gives it."""

    key: str
    size: int
    etag: str
    modified: datetime
    metadata: dict[str, str]


class ObjectStore:
    """One bucket. Every method raises ObjectError (try again) and FatalError (an operator must act).

    `tries` is how often botocore makes a call at most.
    """

    def __init__(self, settings: ObjectSettings, tries: int = 3) -> None:
        self.bucket = settings.s3_bucket
        self._client: Any = boto3.Session().client(
            "s3",
            endpoint_url=settings.s3_endpoint_url,
            region_name=settings.aws_region,
            config=Config(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                max_pool_connections=CONNECTIONS,
                retries={"mode": "standard", "total_max_attempts": tries},
                s3={"addressing_style": "path" if settings.s3_endpoint_url else "auto"},
            ),
        )

    def check(self) -> None:
        """Raises FatalError when the bucket is missing or refused.

        It lists raw/. HeadBucket names no prefix, so a permission to list raw/ alone does not cover it.
        """
        try:
            self._call("list_objects_v2", "s3:ListBucket", None, Prefix=ROOT, MaxKeys=1)
        except Conflict:
            raise FatalError(f"S3 has no bucket {self.bucket}: create it or correct S3_BUCKET.") from None

    def put_new(self, key: str, body: bytes, metadata: Mapping[str, str]) -> str:
        """Puts the object unless the key is taken, and returns its ETag.

        Raises Exists (412) or Conflict (409, 404). A put whose answer was lost may have happened: the repeat
        then raises Exists for the caller's own object.
        """
        answer = self._call(
            "put_object",
            "s3:PutObject",
            key,
            Body=body,
            Metadata=dict(metadata),
            IfNoneMatch="*",
            ContentType="application/vnd.apache.parquet",
        )
        return answer["ETag"].strip('"')

    def remove(self, key: str) -> None:
        """Deletes the object, if there is one. No service has the right to: a person's command calls it."""
        self._call("delete_object", "s3:DeleteObject", key)

    def head(self, key: str) -> ObjectHead | None:
        """The object's size, ETag and metadata, None where there is no object."""
        try:
            answer = self._call("head_object", "s3:GetObject", key)
        except Conflict:
            return None
        return ObjectHead(
            key,
            answer["ContentLength"],
            answer["ETag"].strip('"'),
            answer["LastModified"],
            answer["Metadata"],
        )

    def get(self, key: str) -> bytes | None:
        """The object's bytes, None where there is no object."""
        try:
            return self._call("get_object", "s3:GetObject", key)["Body"].read()
        except Conflict:
            return None
        except (BotoCoreError, OSError) as error:
            raise ObjectError(f"s3://{self.bucket}/{key}: {type(error).__name__}") from None

    def objects(self, prefix: str, after: str | None = None, first: int = PAGE) -> Iterator[ObjectInfo]:
        """The objects under `prefix` in key order, with keys after `after`.

        Each LIST brings up to 1,000 objects. The first one asks for `first`.
        """
        start: dict[str, Any] = {"StartAfter": after} if after else {}
        start["MaxKeys"] = first
        while True:
            answer = self._call("list_objects_v2", "s3:ListBucket", None, Prefix=prefix, **start)
            for item in answer.get("Contents", ()):
                yield ObjectInfo(item["Key"], item["Size"], item["ETag"].strip('"'), item["LastModified"])
            if not answer.get("IsTruncated"):
                return
            start = {"ContinuationToken": answer["NextContinuationToken"]}

    def prefixes(self, prefix: str, shape: Shape | None = None) -> list[str]:
        """The next level of "folders" under `prefix`, in order, each with its `/`.

        With `shape`, those of another shape may be left out: more than a page of them is passed over.
        """
        found: list[str] = []
        start: dict[str, str] = {}
        while True:
            page = self._call("list_objects_v2", "s3:ListBucket", None, Prefix=prefix, Delimiter="/", **start)
            folders = [item["Prefix"] for item in page.get("CommonPrefixes", ())]
            found += folders
            if not page.get("IsTruncated"):
                return found
            start = {"ContinuationToken": page["NextContinuationToken"]}
            if shape is not None:
                # The least key after every key of the last folder: 0 follows / in ASCII.
                ends = [f"{folder.removesuffix('/')}0" for folder in folders[-1:]]
                last = max([*ends, *(item["Key"] for item in page.get("Contents", ())[-1:])])
                after = keys.next_start(prefix, shape, last)
                if after is None:
                    return found
                start = {"StartAfter": after}

    def _call(self, name: str, permission: str, key: str | None, **arguments: Any) -> dict[str, Any]:
        place = f"s3://{self.bucket}/{key or arguments.get('Prefix', '')}"
        if key is not None:
            arguments["Key"] = key
        try:
            return getattr(self._client, name)(Bucket=self.bucket, **arguments)
        except ClientError as error:
            answer = error.response
            raise classify(
                answer["Error"].get("Code", "unknown"),
                answer["ResponseMetadata"]["HTTPStatusCode"],
                permission,
                place,
            ) from None
        except NoCredentialsError:
            raise FatalError(
                "S3 has no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run under a role."
            ) from None
        except BotoCoreError as error:
            raise ObjectError(f"{place}: {type(error).__name__}: {error}") from None
