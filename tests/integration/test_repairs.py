"""The loader's repairs on a running pipeline: what was damaged is whole again.

What runs at the same time does no harm.
"""

from __future__ import annotations

import signal
import time
from datetime import UTC, date, datetime, timedelta

from stock_stack.layout import BUCKET
from stock_testing.pipeline import Pipeline
from stock_testing.poll import poll_until

QUARANTINED = "SELECT COUNT(*) AS FILES FROM RAW.LOADED_FILES WHERE STATUS = 'quarantined'"


def run(pipeline: Pipeline, *words: str) -> str:
    """What the loader's command printed. It must end well."""
    return pipeline.command("sf-loader", *words, merge=True)


def days(pipeline: Pipeline) -> list[date]:
    """The days that have objects: two, when midnight has passed."""
    rows = pipeline.query(
        "SELECT DISTINCT SPLIT_PART(SPLIT_PART(OBJECT_KEY, '/dt=', 2), '/', 1) AS DAY FROM RAW.LOADED_FILES"
    )
    return sorted(date.fromisoformat(row[0]) for row in rows)


def longest_chain(pipeline: Pipeline) -> list[str]:
    """Its keys, in order, of objects with rows: the quotes' partition that has most of them."""
    rows = pipeline.query(
        "SELECT OBJECT_KEY FROM RAW.LOADED_FILES "
        "WHERE TOPIC = 'stock-data' AND ROW_COUNT > 0 ORDER BY OBJECT_KEY"
    )
    chains: dict[str, list[str]] = {}
    for (key,) in rows:
        chains.setdefault(key.partition("dt=")[0], []).append(key)
    return max(chains.values(), key=len)


def test_reload_repairs_what_was_damaged(pipeline: Pipeline) -> None:
    poll_until(lambda: len(longest_chain(pipeline)) > 3, "a chain of several objects", 60)
    with pipeline.still():
        first, second, *_ = longest_chain(pipeline)
        pipeline.query(f"DELETE FROM RAW.STOCK_QUOTES WHERE SOURCE_FILE = '{first}'")
        pipeline.query(
            f"INSERT INTO RAW.STOCK_QUOTES SELECT * FROM RAW.STOCK_QUOTES WHERE SOURCE_FILE = '{second}'"
        )
        pipeline.query(f"DELETE FROM RAW.LOADED_FILES WHERE OBJECT_KEY = '{first}'")
        assert pipeline.audit()["exit_code"] == 1
        for day in days(pipeline):
            assert "would be loaded again" in run(pipeline, "reload", "--day", day.isoformat(), "--dry-run")
            run(pipeline, "reload", "--day", day.isoformat())
        pipeline.check_complete()


def test_reload_and_rebuild_next_to_the_running_loader(pipeline: Pipeline) -> None:
    pipeline.more_quotes(1)
    for day in days(pipeline):
        run(pipeline, "reload", "--day", day.isoformat())
    output = run(pipeline, "rebuild")
    assert output.count("replaced, it is equal") == 3
    assert pipeline.query(
        "SELECT COUNT(*) AS TABLES FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME LIKE '%_REBUILD'"
    ) == [(0,)]
    with pipeline.still():
        pipeline.check_complete()


def test_killed_repairs_are_run_again(pipeline: Pipeline) -> None:
    """The lease is taken until the local server rolls back the killed session's idle transaction."""
    pipeline.more_quotes(1)
    for words in (("rebuild",), ("reload", "--day", days(pipeline)[-1].isoformat())):
        process = pipeline.begin("sf-loader", *words, merge=True)
        assert process.stdout is not None
        # It has begun to change something.
        process.stdout.readline()
        time.sleep(0.2)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    run(pipeline, "rebuild")
    with pipeline.still():
        pipeline.check_complete()


def test_retry_loads_what_was_repaired(pipeline: Pipeline) -> None:
    bucket = pipeline.bucket()
    with pipeline.without("sf-loader"):
        known = {row[0] for row in pipeline.query("SELECT OBJECT_KEY FROM RAW.LOADED_FILES")}

        def unloaded() -> list[str]:
            return [key for key in pipeline.keys("raw/stock-data/") if key not in known]

        key = poll_until(unloaded, "an object that is not loaded", 60)[0]
        stored = bucket.get_object(Bucket=BUCKET, Key=key)
        body, metadata = stored["Body"].read(), stored["Metadata"]
        bucket.put_object(Bucket=BUCKET, Key=key, Body=b"PAR1 and no more", Metadata=metadata)
    poll_until(lambda: pipeline.query(QUARANTINED)[0][0] == 1, "the object is quarantined", 60)
    with pipeline.still():
        assert pipeline.audit()["exit_code"] == 1
        bucket.put_object(Bucket=BUCKET, Key=key, Body=body, Metadata=metadata)
        assert f"{key}: loaded, {metadata['rows']} rows" in run(pipeline, "retry")
        pipeline.check_complete()


def test_prune_takes_nothing_of_today(pipeline: Pipeline) -> None:
    today = datetime.now(UTC).date()
    too_late = (today + timedelta(days=2)).isoformat()
    refused = pipeline.command("sf-loader", "prune", "--before", too_late, code=2, merge=True)
    assert "later than today" in refused
    assert "would be pruned" in run(pipeline, "prune", "--before", today.isoformat(), "--dry-run")
