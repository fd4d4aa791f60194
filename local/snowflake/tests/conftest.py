from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import botocore.config
import pyarrow as pa
import pytest
import servers
import snowflake.connector
from files import QUOTES_DDL, parquet

_names = itertools.count(1)

Connect = Callable[..., Any]
Load = Callable[..., list[Any]]
Background = Callable[..., Future[Any]]


@dataclass(frozen=True)
class Stage:
    """A bucket with a stage over it, in the test's database."""

    bucket: str
    client: Any

    def put(self, key: str, body: bytes) -> None:
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body)


@pytest.fixture(scope="session")
def s3_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with servers.seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as address:
        yield address


@pytest.fixture(scope="session")
def s3(s3_address: str) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=s3_address,
        region_name="us-east-1",
        aws_access_key_id=servers.ACCESS_KEY,
        aws_secret_access_key=servers.SECRET_KEY,
        config=botocore.config.Config(s3={"addressing_style": "path"}),
    )


@pytest.fixture(scope="session")
def server(s3_address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.RunningServer]:
    """The server that most tests share. Each test has its own database on it."""
    yield from servers.shared(tmp_path_factory.mktemp("snowflake"), s3_address)


def connector(port: int, opened: list[Any], **arguments: Any) -> Any:
    connection = snowflake.connector.connect(
        **{
            "user": "LOADER",
            "password": servers.PASSWORD,
            "account": "local",
            "host": servers.HOST,
            "port": port,
            "protocol": "http",
            "paramstyle": "qmark",
            "login_timeout": 10,
            "network_timeout": 60,
        }
        | arguments
    )
    opened.append(connection)
    return connection


@pytest.fixture
def connect_to() -> Iterator[Callable[..., Any]]:
    """connect_to(port, **arguments): sessions that end with the test."""
    opened: list[Any] = []
    yield lambda port, **arguments: connector(port, opened, **arguments)
    for connection in opened:
        connection.close()


@pytest.fixture
def database(server: servers.RunningServer, connect_to: Connect) -> Iterator[str]:
    """A new database, the test's own."""
    name = f"TEST_{next(_names)}"
    with connect_to(server.port).cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        yield name
        cursor.execute(f"DROP DATABASE {name}")


@pytest.fixture
def connect(server: servers.RunningServer, connect_to: Connect, database: str) -> Connect:
    """connect(**arguments): a session in the test's database."""
    return lambda **arguments: connect_to(server.port, **({"database": database} | arguments))


@pytest.fixture
def cursor(connect: Connect) -> Any:
    return connect().cursor()


@pytest.fixture(scope="session")
def bucket(s3: Any) -> str:
    """One for all tests: SeaweedFS needs a fifth of a second for the first object of a new one."""
    name = "landing"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def stage(s3: Any, bucket: str, cursor: Any) -> Iterator[Stage]:
    """An empty bucket with the stage @LANDING over it."""
    cursor.execute(
        "CREATE STORAGE INTEGRATION IF NOT EXISTS S3_INT TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3'"
        " ENABLED = TRUE STORAGE_AWS_ROLE_ARN = 'arn:aws:iam::123456789012:role/x'"
        f" STORAGE_ALLOWED_LOCATIONS = ('s3://{bucket}/')"
    )
    cursor.execute(f"CREATE STAGE LANDING URL = 's3://{bucket}/' STORAGE_INTEGRATION = S3_INT")
    yield Stage(bucket, s3)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        if keys := [{"Key": entry["Key"]} for entry in page.get("Contents", ())]:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": keys})


@pytest.fixture
def load(stage: Stage, cursor: Any) -> Load:
    """load(statement, files): puts the files and runs the COPY into a QUOTES that exists."""
    cursor.execute(QUOTES_DDL)
    cursor.execute(
        "CREATE FILE FORMAT PQ TYPE = PARQUET USE_LOGICAL_TYPE = TRUE USE_VECTORIZED_SCANNER = TRUE"
        " BINARY_AS_TEXT = FALSE"
    )

    def run(statement: str, files: Mapping[str, pa.Table | bytes] | None = None) -> list[Any]:
        bodies = {
            name: content if isinstance(content, bytes) else parquet(content)
            for name, content in (files or {}).items()
        }
        with ThreadPoolExecutor(8) as executor:
            list(executor.map(stage.put, bodies, bodies.values()))
        return cursor.execute(statement).fetchall()

    return run


@pytest.fixture
def lease(cursor: Any) -> Any:
    cursor.execute("CREATE TABLE LEASE (NAME VARCHAR(32), HOLDER VARCHAR, FENCE NUMBER(20,0))")
    cursor.execute("INSERT INTO LEASE VALUES ('loader', NULL, 0)")
    cursor.execute("CREATE TABLE LEDGER (N NUMBER(20,0), OBJECT_KEY VARCHAR)")
    return cursor


@pytest.fixture
def background() -> Iterator[Background]:
    """background(call): runs it on a thread and returns its future."""
    with ThreadPoolExecutor(8) as executor:
        yield executor.submit


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    return tmp_path / "log"
