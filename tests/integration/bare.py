"""A pipeline without a producer: what is in Kafka is what a test wrote. Its bucket keeps versions, as on AWS."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conftest import QUICK
from pipeline import Pipeline
from poll import poll_until

from stock_stack.ports import free
from stock_stack.services import launcher
from stock_stack.site import BUCKET, Site
from stock_stack.stack import Stack

COMMAND_SECONDS = 120
DRAIN_SECONDS = 120


@contextmanager
def bare_pipeline(data: Path) -> Iterator[Pipeline]:
    """Sink and loader, and what they need."""
    with Stack(Site(data, free(), QUICK), print) as stack:
        stack.start("bucket", "topics", "migrations")
        pipeline = Pipeline(stack)
        try:
            pipeline.bucket().put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
            stack.start("s3-sink", "sf-loader")
            yield pipeline
        finally:
            pipeline.close()


@contextmanager
def without(pipeline: Pipeline, service: str) -> Iterator[None]:
    """The service is down meanwhile."""
    assert pipeline.stack.stop(service) == 0
    try:
        yield
    finally:
        pipeline.stack.restart(service)


def begin(pipeline: Pipeline, service: str, *words: str) -> subprocess.Popen[str]:
    """A service's command, as an operator runs it."""
    environment = pipeline.stack.environment(service)
    return subprocess.Popen([launcher(service), *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def command(pipeline: Pipeline, service: str, *words: str, code: int = 0) -> str:
    """What the command printed; it must end with this exit code."""
    process = begin(pipeline, service, *words)
    out, err = process.communicate(timeout=COMMAND_SECONDS)
    assert process.returncode == code, out + err
    return out


def drained(pipeline: Pipeline) -> None:
    poll_until(lambda: pipeline.counts().drained(), "S3 and Snowflake hold what Kafka holds", DRAIN_SECONDS)
