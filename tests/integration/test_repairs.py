"""The loader's repairs on a running pipeline: what was damaged is whole again, and what runs meanwhile does no harm."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

from pipeline import Pipeline
from poll import poll_until

from stock_stack.services import launcher
from stock_stack.site import BUCKET

COMMAND_SECONDS = 90
QUARANTINED = "SELECT COUNT(*) AS FILES FROM RAW.LOADED_FILES WHERE STATUS = 'quarantined'"


def start(pipeline: Pipeline, *words: str) -> subprocess.Popen[str]:
    command = [launcher("sf-loader"), *words]
    environment = pipeline.stack.environment("sf-loader")
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def run(pipeline: Pipeline, *words: str) -> str:
    """What the command printed. It must end well."""
    process = start(pipeline, *words)
    output, _ = process.communicate(timeout=COMMAND_SECONDS)
    assert process.returncode == 0, output
    return output


def days(pipeline: Pipeline) -> list[date]:
    """The days that have objects: two, when midnight has passed."""
    rows = pipeline.query("SELECT DISTINCT SPLIT_PART(SPLIT_PART(OBJECT_KEY, '/dt=', 2), '/', 1) AS DAY FROM RAW.LOADED_FILES")
    return sorted(date.fromisoformat(row[0]) for row in rows)


def check_complete(pipeline: Pipeline) -> None:
    verdict = pipeline.audit()
    assert verdict["exit_code"] == 0, [found for part in verdict["partitions"] for found in part["findings"]] or verdict


def longest_chain(pipeline: Pipeline) -> list[str]:
    """Its keys, in order, of objects with rows: the quotes' partition that has most of them."""
    rows = pipeline.query("SELECT OBJECT_KEY FROM RAW.LOADED_FILES WHERE TOPIC = 'stock-data' AND ROW_COUNT > 0 ORDER BY OBJECT_KEY")
    chains: dict[str, list[str]] = {}
    for (key,) in rows:
        chains.setdefault(key.partition("dt=")[0], []).append(key)
    return max(chains.values(), key=len)


@contextmanager
def without(pipeline: Pipeline, service: str) -> Iterator[None]:
    assert pipeline.stack.stop(service) == 0
    try:
        yield
    finally:
        pipeline.stack.restart(service)


def test_reload_mends_what_was_damaged(pipeline: Pipeline) -> None:
    poll_until(lambda: len(longest_chain(pipeline)) > 3, "a chain of several objects", 60)
    with pipeline.still():
        first, second, *_ = longest_chain(pipeline)
        pipeline.query(f"DELETE FROM RAW.STOCK_QUOTES WHERE SOURCE_FILE = '{first}'")
        pipeline.query(f"INSERT INTO RAW.STOCK_QUOTES SELECT * FROM RAW.STOCK_QUOTES WHERE SOURCE_FILE = '{second}'")
        pipeline.query(f"DELETE FROM RAW.LOADED_FILES WHERE OBJECT_KEY = '{first}'")
        assert pipeline.audit()["exit_code"] == 1
        for day in days(pipeline):
            assert "would be loaded again" in run(pipeline, "reload", "--day", day.isoformat(), "--dry-run")
            run(pipeline, "reload", "--day", day.isoformat())
        check_complete(pipeline)


def test_reload_and_rebuild_beside_the_running_loader(pipeline: Pipeline) -> None:
    pipeline.more_quotes(1)
    for day in days(pipeline):
        run(pipeline, "reload", "--day", day.isoformat())
    said = run(pipeline, "rebuild")
    assert said.count("replaced, it is equal") == 3
    assert pipeline.query("SELECT COUNT(*) AS TABLES FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME LIKE '%_REBUILD'") == [(0,)]
    with pipeline.still():
        check_complete(pipeline)


def test_killed_repairs_are_run_again(pipeline: Pipeline) -> None:
    """The local server rolls the killed session's transaction back when it has been idle for its limit; until then the lease is taken."""
    pipeline.more_quotes(1)
    for words in (("rebuild",), ("reload", "--day", days(pipeline)[-1].isoformat())):
        process = start(pipeline, *words)
        assert process.stdout is not None
        # It has begun to change something.
        process.stdout.readline()
        time.sleep(0.2)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=10)
    run(pipeline, "rebuild")
    with pipeline.still():
        check_complete(pipeline)


def test_retry_loads_what_was_mended(pipeline: Pipeline) -> None:
    bucket = pipeline.bucket()
    with without(pipeline, "sf-loader"):
        known = {row[0] for row in pipeline.query("SELECT OBJECT_KEY FROM RAW.LOADED_FILES")}

        def unloaded() -> list[str]:
            listed = bucket.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="raw/stock-data/")
            return sorted(entry["Key"] for page in listed for entry in page.get("Contents", ()) if entry["Key"] not in known)

        key = poll_until(unloaded, "an object that is not loaded", 30)[0]
        stored = bucket.get_object(Bucket=BUCKET, Key=key)
        body, metadata = stored["Body"].read(), stored["Metadata"]
        bucket.put_object(Bucket=BUCKET, Key=key, Body=b"PAR1 and no more", Metadata=metadata)
    poll_until(lambda: pipeline.query(QUARANTINED)[0][0] == 1, "the object is quarantined", 60)
    with pipeline.still():
        assert pipeline.audit()["exit_code"] == 1
        bucket.put_object(Bucket=BUCKET, Key=key, Body=body, Metadata=metadata)
        assert f"{key}: loaded, {metadata['rows']} rows" in run(pipeline, "retry")
        check_complete(pipeline)


def test_prune_takes_nothing_of_today(pipeline: Pipeline) -> None:
    today = datetime.now(UTC).date()
    process = start(pipeline, "prune", "--before", (today + timedelta(days=2)).isoformat())
    output, _ = process.communicate(timeout=COMMAND_SECONDS)
    assert (process.returncode, "later than today" in output) == (2, True)
    assert "would be pruned" in run(pipeline, "prune", "--before", today.isoformat(), "--dry-run")
