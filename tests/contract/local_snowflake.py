"""The local Snowflake and an S3 server as processes, with the account that `stock-sf-loader setup` makes."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TextIO
from urllib.request import urlopen

import boto3

from stock_common.keys import ROOT
from stock_sf_loader.account import schema, setup
from stock_sf_loader.account.grants import Roles
from stock_sf_loader.app import WRITING
from stock_sf_loader.arguments import parse
from stock_sf_loader.config import LoaderSettings
from stock_warehouse.session import Warehouse

BIN = Path(__file__).resolve().parents[2] / "local/snowflake/.venv/bin"
HOST, BUCKET, PASSWORD = "127.0.0.1", "stocks-0a1b", "local-password"
AWS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local-secret"}
KEY = f"{ROOT}stock-data/{'a' * 32}/partition=00000/dt=2026-03-02/hour=14/o{0:020d}.parquet"
DATA = "snowflake"
"""The folder of the local Snowflake's databases."""
START_SECONDS = 60
GRPC = 10_000
"""SeaweedFS takes each port plus this too."""


class Account(NamedTuple):
    """Ports of the local Snowflake and of S3, and sessions with it."""

    port: int
    s3: int

    @property
    def s3_url(self) -> str:
        return f"http://{HOST}:{self.s3}"

    def session(self, user: str, role: str | None = None) -> Warehouse:
        return Warehouse(settings(self.port, user, role), "test", WRITING)

    def administer(self, *statements: str) -> None:
        with closing(self.session("administrator")) as session:
            for sql in statements:
                session.execute(sql)

    def migrate(self) -> None:
        with closing(self.session("STOCK_LOADER", Roles().owner)) as session:
            schema.migrate(session, settings(self.port, "STOCK_LOADER"))


@contextmanager
def running(place: Path) -> Iterator[Account]:
    """Both servers, with their data in `place`."""
    with object_store(place) as s3, warehouse(place, s3) as account:
        yield account


@contextmanager
def object_store(place: Path) -> Iterator[int]:
    """The S3 server, with its data in `place`. Yields its port."""
    s3, others = _port(GRPC), [_port(GRPC) for _ in range(3)]
    weed = [
        *(str(BIN / "weed"), "mini", f"-dir={place}", f"-ip={HOST}", f"-ip.bind={HOST}"),
        *("-master.telemetry=false", "-webdav=false", "-admin.ui=false", "-s3.port.lance=0"),
        *("-s3.port.iceberg=0", f"-s3.port={s3}"),
        *(f"-{name}.port={port}" for name, port in zip(("master", "filer", "volume"), others, strict=True)),
        f"-admin.port={_port(GRPC)}",
    ]
    with (place / "weed.log").open("w") as log, _process(weed, AWS, log):
        _wait(f"http://{HOST}:{s3}/healthz")
        yield s3


@contextmanager
def warehouse(place: Path, s3: int, **more: str) -> Iterator[Account]:
    """The local Snowflake, with its data in `place` and its stages on the S3 server. more: its settings."""
    port = _port()
    settings = (
        AWS
        | more
        | {
            "DATA_DIR": str(place / DATA),
            "SNOWFLAKE_LISTEN_PORT": str(port),
            "SNOWFLAKE_PASSWORD": PASSWORD,
            "S3_ENDPOINT_URL": f"http://{HOST}:{s3}",
        }
    )
    with (place / "log").open("w") as log, _process([str(BIN / "stock-snowflake")], settings, log):
        _wait(f"http://{HOST}:{port}/healthz")
        yield Account(port, s3)


def put(s3: int, body: bytes, key: str = KEY, metadata: Mapping[str, str] = MappingProxyType({})) -> None:
    """Puts the object. The bucket is made where it is missing."""
    client = _client(s3)
    with suppress(client.exceptions.BucketAlreadyOwnedByYou):
        client.create_bucket(Bucket=BUCKET)
    client.put_object(Bucket=BUCKET, Key=key, Body=body, Metadata=dict(metadata))


def empty(s3: int) -> None:
    """Deletes every object of the bucket."""
    client = _client(s3)
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for entry in page.get("Contents", ()):
            client.delete_object(Bucket=BUCKET, Key=entry["Key"])


def _client(s3: int) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=f"http://{HOST}:{s3}",
        region_name="us-east-1",
        aws_access_key_id=AWS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=AWS["AWS_SECRET_ACCESS_KEY"],
    )


def settings(port: int, user: str, role: str | None = None) -> LoaderSettings:
    """A user's, by the password."""
    return LoaderSettings(
        s3_bucket=BUCKET,
        snowflake_account="local",
        snowflake_user=user,
        snowflake_password=PASSWORD,  # type: ignore[arg-type]
        snowflake_role=role,
        snowflake_host=HOST,
        snowflake_port=port,
        snowflake_protocol="http",
        snowflake_storage_integration="STOCK_S3",
        load_interval_seconds=5,
    )


def setup_statements() -> list[str]:
    """The administrator's whole SQL, with a quota that is too small, which `verify` sees."""
    words = ["--bucket", BUCKET, "--role-arn", "arn:aws:iam::123456789012:role/x", "--external-id", "id-1"]
    return schema.statements(setup.render(parse(["setup", *words, "--credits", "5"])))


@contextmanager
def _process(command: list[str], environment: dict[str, str], log: TextIO) -> Iterator[None]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    process = subprocess.Popen(command, env=inherited | environment, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()
        process.wait()


def _port(offset: int = 0) -> int:
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind((HOST, 0))
            port = first.getsockname()[1]
            with suppress(OSError, OverflowError):
                second.bind((HOST, port + offset if offset else 0))
                return port


def _wait(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError), urlopen(url, timeout=2) as answer:
            if answer.status == 200:
                return
        time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")
