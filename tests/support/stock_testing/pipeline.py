"""A running pipeline seen from outside: Kafka by its own client, S3 by boto3, Snowflake by its connector."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from stock_stack.bucket import s3_client
from stock_stack.counts import Counts, Progress
from stock_stack.database import connect, set_up
from stock_stack.layout import BUCKET, OWNER, Layout
from stock_stack.ports import free
from stock_stack.services import ALL, launcher
from stock_stack.stack import Stack
from stock_testing.poll import poll_until

QUICK = {
    "POLL_INTERVAL_SECONDS": "2",
    "FLUSH_SECONDS": "2",
    "LOAD_INTERVAL_SECONDS": "2",
    "AUDIT_INTERVAL_SECONDS": "5",
}
"""Shorter than the demo's, so that a test waits less."""
LASTING = QUICK | {"LOAD_INTERVAL_SECONDS": "4"}
"""For a whole stack that lasts. Loads, and the audit after each, take five sixths of its CPU time."""
DRAIN_SECONDS = 120.0
COMMAND_SECONDS = 360.0
ANSWER_SECONDS = 30.0


class Pipeline:
    """A running stack and the ways to look into it. `symbols`: how many it has at least."""

    symbols = 50

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.servers = stack.layout.servers
        self.progress = Progress(self.servers)

    def counts(self) -> Counts:
        self.stack.check()
        return self.progress.read(0.5)

    def more_quotes(self, count: int, seconds: float = 60.0) -> None:
        """Waits until `count` more quotes than now are in Snowflake."""
        before = self.counts()
        aim = before.quotes(before.snowflake) + count

        def enough() -> bool:
            now = self.counts()
            return now.quotes(now.snowflake) >= aim

        poll_until(enough, f"{count} more quotes in Snowflake", seconds)

    def drain(self, seconds: float = DRAIN_SECONDS) -> None:
        """Waits until all that is in Kafka now has gone through."""
        poll_until(lambda: self.counts().drained(), "S3 and Snowflake hold what Kafka holds", seconds)

    @contextmanager
    def still(self) -> Iterator[Counts]:
        """Drained and without the producer, so that the stages can be compared. It runs again after."""
        with self.without("producer"):
            self.drain()
            yield self.counts()

    @contextmanager
    def without(self, service: str) -> Iterator[None]:
        """The service is down meanwhile."""
        assert self.stack.stop(service) == 0
        try:
            yield
        finally:
            self.stack.restart(service)

    def begin(self, service: str, *words: str, merge: bool = False) -> subprocess.Popen[str]:
        """Starts a command of a service. `merge`: its standard error goes to its output."""
        return subprocess.Popen(
            [launcher(service), *words],
            env=self.stack.environment(service),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merge else subprocess.PIPE,
            text=True,
        )

    def command(self, service: str, *words: str, code: int = 0, merge: bool = False) -> str:
        """What a command of a service printed. Raises AssertionError for another exit code."""
        process = self.begin(service, *words, merge=merge)
        try:
            out, err = process.communicate(timeout=COMMAND_SECONDS)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
        assert process.returncode == code, out + (err or "")
        return out

    def audit(self) -> dict[str, Any]:
        """The report of a whole audit of the drained pipeline. Its exit code is under `exit_code`."""
        process = self.begin("auditor", "audit", "--full", "--drained", "--json")
        out, err = process.communicate(timeout=COMMAND_SECONDS)
        assert out, err
        return json.loads(out) | {"exit_code": process.returncode}

    def check_complete(self) -> dict[str, Any]:
        """The report of an audit that finds nothing. Raises AssertionError with the findings."""
        verdict = self.audit()
        findings = [text for part in verdict["partitions"] for text in part["findings"]]
        assert verdict["exit_code"] == 0, findings or verdict
        return verdict

    def bucket(self) -> Any:
        """A boto3 client for the stack's S3."""
        return s3_client(self.stack.environment("s3-sink"))

    def keys(self, prefix: str = "") -> list[str]:
        """The keys of the objects on S3, in order."""
        pages = self.bucket().get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", ())]

    def objects(self, prefix: str = "") -> Iterator[tuple[str, bytes, dict[str, str]]]:
        """Key, content and metadata of each object on S3."""
        bucket = self.bucket()
        for key in self.keys(prefix):
            found = bucket.get_object(Bucket=BUCKET, Key=key)
            yield key, found["Body"].read(), found["Metadata"]

    def set_up(self, environment: Mapping[str, str]) -> None:
        """The administrator's SQL and the migrations, for the database that the environment names."""
        with connect(environment) as connection:
            set_up([launcher("sf-loader")], environment, connection)
        self.migrate(environment)

    def migrate(self, environment: Mapping[str, str]) -> None:
        """The migrations, as the owner of the database that the environment names."""
        migrate = [launcher("sf-loader"), "migrate"]
        subprocess.run(
            migrate, env={**environment, **OWNER}, check=True, capture_output=True, timeout=COMMAND_SECONDS
        )

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a statement run as an administrator with the connector would."""
        environment = self.stack.environment("sf-loader")
        with connect(environment, database="STOCKS", network_timeout=60) as connection:
            return connection.cursor().execute(sql).fetchall()  # type: ignore[union-attr, return-value]

    def metrics(self, service: str) -> str:
        """What Prometheus would read of the service."""
        with urlopen(
            self.stack.layout.url(f"{service}-metrics", "/metrics"), timeout=ANSWER_SECONDS
        ) as answer:
            return answer.read().decode()

    def close(self) -> None:
        self.progress.close()


@contextmanager
def whole_pipeline(data: Path) -> Iterator[Pipeline]:
    """Everything of services.yaml and what it needs, on free ports."""
    with Stack(Layout(data, free(), LASTING), print) as stack:
        stack.start(*ALL)
        pipeline = Pipeline(stack)
        try:
            yield pipeline
        finally:
            pipeline.close()


@contextmanager
def bare_pipeline(data: Path) -> Iterator[Pipeline]:
    """Sink and loader without a producer, so Kafka holds what a test wrote. The bucket keeps versions."""
    with Stack(Layout(data, free(), QUICK), print) as stack:
        stack.start("bucket", "topics", "migrations")
        pipeline = Pipeline(stack)
        try:
            pipeline.bucket().put_bucket_versioning(
                Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"}
            )
            stack.start("s3-sink", "sf-loader")
            yield pipeline
        finally:
            pipeline.close()
