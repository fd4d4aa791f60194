"""Builds the lake from the settings, and runs it as a service."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from stock_common.run import FatalError
from stock_common.service import Context
from stock_lake import iceberg
from stock_lake.config import LakeSettings
from stock_lake.iceberg import Tables
from stock_lake.lake import Lake
from stock_lake.loop import LakeLoop, Schedule
from stock_lake.metrics import Metrics
from stock_objects.store import ObjectStore


@contextmanager
def opened(settings: LakeSettings, go_on: Callable[[], bool] = lambda: True) -> Iterator[Lake]:
    """The lake of the settings. Raises FatalError for a state folder that cannot be written."""
    scratch = Path(settings.state_dir)
    try:
        scratch.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FatalError(f"STATE_DIR cannot be made: {error}.") from None
    catalog = iceberg.catalog(
        settings.catalog_uri, settings.s3_bucket, settings.s3_endpoint_url, settings.aws_region
    )
    try:
        yield Lake(ObjectStore(settings), Tables(catalog, settings.s3_bucket), scratch, go_on)
    finally:
        catalog.close()


def work(context: Context[LakeSettings]) -> int:
    """The service, until it is stopped. Returns the exit code."""
    settings = context.settings

    def go_on() -> bool:
        context.health.beat()
        return not context.stop

    schedule = Schedule(
        settings.lake_interval_seconds,
        settings.lake_settle_seconds,
        time.monotonic,
        lambda: datetime.now(UTC),
        context.stop.wait,
    )
    with opened(settings, go_on) as lake:
        loop = LakeLoop(lake, schedule, Metrics(context.registry), context.health, context.log)
        return context.run(loop.step, loop.close)
