"""The stack under test, looked at from outside: Kafka by its own client, S3 by boto3, Snowflake by its connector."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import snowflake.connector
from botocore.config import Config
from poll import poll_until

from stock_stack.counts import Counts, Progress
from stock_stack.ports import HOST
from stock_stack.services import launcher
from stock_stack.stack import Stack

DRAIN_SECONDS = 60.0
AUDIT_SECONDS = 60.0


class Pipeline:
    """A running stack and the ways to look into it. `symbols`: how many it has at least."""

    symbols = 50

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.progress = Progress(f"{HOST}:{stack.site.ports['kafka']}")

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

    @contextmanager
    def still(self) -> Iterator[Counts]:
        """Nothing new comes and all is drained: the three stages can be compared. The producer runs again afterwards."""
        assert self.stack.stop("producer") == 0
        try:
            poll_until(lambda: self.counts().drained(), "S3 and Snowflake hold what Kafka holds", DRAIN_SECONDS)
            yield self.counts()
        finally:
            self.stack.restart("producer")

    def audit(self) -> dict[str, Any]:
        """What `stock-auditor audit --full --drained --json` says; its exit code is under `exit_code`."""
        command = [launcher("auditor"), "audit", "--full", "--drained", "--json"]
        done = subprocess.run(command, env=self.stack.environment("auditor"), capture_output=True, text=True, timeout=AUDIT_SECONDS)
        assert done.stdout, done.stderr
        return json.loads(done.stdout) | {"exit_code": done.returncode}

    def bucket(self) -> Any:
        """A boto3 client for the stack's S3."""
        environment = self.stack.environment("s3-sink")
        return boto3.client(
            "s3",
            endpoint_url=environment["S3_ENDPOINT_URL"],
            region_name=environment["AWS_REGION"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            config=Config(s3={"addressing_style": "path"}),
        )

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a statement run as anybody with the connector would."""
        environment = self.stack.environment("sf-loader")
        with snowflake.connector.connect(
            account=environment["SNOWFLAKE_ACCOUNT"],
            user=environment["SNOWFLAKE_USER"],
            password=environment["SNOWFLAKE_PASSWORD"],
            host=environment["SNOWFLAKE_HOST"],
            port=int(environment["SNOWFLAKE_PORT"]),
            protocol="http",
            database="STOCKS",
            network_timeout=10,
            session_parameters={"CLIENT_OUT_OF_BAND_TELEMETRY_ENABLED": False},
        ) as connection:
            return connection.cursor().execute(sql).fetchall()  # type: ignore[union-attr, return-value]

    def close(self) -> None:
        self.progress.close()
