"""The loader on a bad day: two loaders at once, Snowflake away, objects of an older contract.

Their rows lack a field that was added since.
"""

from __future__ import annotations

import io
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stock_stack.layout import BUCKET, OWNER
from stock_stack.registry import REPOSITORY
from stock_stack.services import launcher
from stock_testing.pipeline import Pipeline
from stock_testing.poll import poll_until

COMMAND_SECONDS = 270
MIGRATE = """
import sys
from pathlib import Path
from stock_common.settings import load_or_exit
from stock_sf_loader.config import LoaderSettings
from stock_sf_loader.account.schema import migrate
from stock_warehouse.session import Warehouse
settings = load_or_exit(LoaderSettings)
warehouse = Warehouse(settings, "sf-loader")
migrate(warehouse, settings, Path(sys.argv[1]))
warehouse.close()
"""

WAIT = """
import threading
import stock_warehouse.config
stock_warehouse.config.NETWORK_SECONDS = 2
from stock_common.settings import load_or_exit
from stock_sf_loader.config import LoaderSettings
from stock_warehouse.config import SessionOptions
from stock_warehouse.session import Warehouse
settings, writing = load_or_exit(LoaderSettings), SessionOptions(transactional=True)
first, second = Warehouse(settings, "first", writing), Warehouse(settings, "second", writing)
take = "UPDATE RAW.LOADER_LEASE SET FENCE = FENCE"
with first.transaction():
    first.execute(take)
    timer = threading.Timer(6, first.execute, ["COMMIT"])
    timer.start()
    with second.transaction():
        print(second.execute(take))
    timer.join()
"""


def metric(pipeline: Pipeline, service: str, name: str) -> float:
    """The value of the first sample whose line begins so; 0 without one."""
    lines = pipeline.metrics(service).splitlines()
    return next((float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name)), 0.0)


def check_complete(pipeline: Pipeline) -> None:
    with pipeline.still():
        pipeline.check_complete()


def test_two_loaders_at_once_load_everything_once(pipeline: Pipeline) -> None:
    pipeline.stack.start("sf-loader", instance=2)
    try:
        fence = pipeline.query("SELECT FENCE FROM RAW.LOADER_LEASE")[0][0]
        pipeline.more_quotes(240, 90)
        assert pipeline.query("SELECT FENCE FROM RAW.LOADER_LEASE")[0][0] > fence
    finally:
        assert pipeline.stack.stop("sf-loader-2") == 0
    check_complete(pipeline)


def test_a_statement_may_take_longer_than_a_request(pipeline: Pipeline) -> None:
    """The connector would cancel it after `network_timeout`, here 2 s. It waits for a lock for 6 s."""
    python = Path(launcher("sf-loader")).with_name("python")
    done = subprocess.run(
        [python, "-c", WAIT],
        env=pipeline.stack.environment("sf-loader"),
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
    )
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr


@pytest.mark.timeout(360)
def test_a_snowflake_that_goes_away_and_comes_back_is_waited_for(pipeline: Pipeline) -> None:
    """Its sessions are gone with it, so the loader signs in again. The loader's process runs on."""
    pid = pipeline.stack.pid("sf-loader")
    failed = metric(pipeline, "sf-loader", 'stock_sf_loader_cycles_total{outcome="unavailable"}')
    pipeline.stack.kill("snowflake", signal.SIGKILL)
    try:
        # The connector is given a minute for a statement and another for the sign-in before it gives up.
        poll_until(
            lambda: (
                metric(pipeline, "sf-loader", 'stock_sf_loader_cycles_total{outcome="unavailable"}') > failed
            ),
            "a failed cycle",
            180,
        )
    finally:
        pipeline.stack.restart("snowflake")
    pipeline.more_quotes(120, 90)
    assert pipeline.stack.pid("sf-loader") == pid
    check_complete(pipeline)


def first_links(pipeline: Pipeline, count: int) -> list[str]:
    """Keys of the first links of a chain of quotes that have rows, from its start on."""
    client = pipeline.bucket()
    keys = sorted(
        item["Key"] for item in client.list_objects_v2(Bucket=BUCKET, Prefix="raw/stock-data/")["Contents"]
    )
    chain = next(
        key.partition("dt=")[0]
        for key in keys
        if sum(other.startswith(key.partition("dt=")[0]) for other in keys) >= count
    )
    return [key for key in keys if key.startswith(chain)][:count]


def put(pipeline: Pipeline, bucket: str, key: str, venue: str | None) -> None:
    """The object of the pipeline in another bucket, as it is, or with a field more in each row."""
    client = pipeline.bucket()
    found = client.get_object(Bucket=BUCKET, Key=key)
    body = found["Body"].read()
    if venue is not None:
        rows = pq.read_table(io.BytesIO(body))
        written = io.BytesIO()
        pq.write_table(
            rows.append_column("venue", pa.array([venue] * rows.num_rows, pa.string())),
            written,
            compression="zstd",
        )
        body = written.getvalue()
    client.put_object(Bucket=bucket, Key=key, Body=body, Metadata=found["Metadata"])


def run(environment: Mapping[str, str], *words: str) -> str:
    done = subprocess.run(
        [launcher("sf-loader"), *words],
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def venues(pipeline: Pipeline, database: str) -> dict[str, tuple[Any, ...]]:
    """Key → rows, and how many of them have the field (0 where the table has none)."""
    has = pipeline.query(
        f"SELECT COUNT(*) FROM {database}.INFORMATION_SCHEMA.COLUMNS "
        "WHERE TABLE_NAME = 'STOCK_QUOTES' AND COLUMN_NAME = 'VENUE'"
    )
    field = "COUNT(VENUE)" if has[0][0] else "0"
    rows = pipeline.query(
        f"SELECT SOURCE_FILE, COUNT(*), {field} FROM {database}.RAW.STOCK_QUOTES GROUP BY 1"
    )
    return {row[0]: row[1:] for row in rows}


def add_venue(environment: Mapping[str, str], folder: Path) -> None:
    """Migrates twice with a statement more, in a copy of the schema."""
    shutil.copytree(REPOSITORY / "services/sf-loader/stock_sf_loader/schema", folder)
    (folder / "014_venue.sql").write_text(
        "ALTER TABLE RAW.STOCK_QUOTES ADD COLUMN IF NOT EXISTS VENUE VARCHAR(32);\n"
    )
    python = Path(launcher("sf-loader")).with_name("python")
    for _ in range(2):
        subprocess.run(
            [python, "-c", MIGRATE, folder],
            env={**environment, **OWNER},
            check=True,
            capture_output=True,
            timeout=COMMAND_SECONDS,
        )


def test_objects_without_an_added_field_still_load(pipeline: Pipeline, tmp_path: Path) -> None:
    bucket, database = "added-field", "ADDED"
    pipeline.bucket().create_bucket(Bucket=bucket)
    environment = pipeline.stack.environment("sf-loader") | {
        "SNOWFLAKE_DATABASE": database,
        "SNOWFLAKE_STORAGE_INTEGRATION": f"{database}_S3",
        "S3_BUCKET": bucket,
    }
    first, second, third = first_links(pipeline, 3)
    pipeline.set_up(environment)
    put(pipeline, bucket, first, None)
    put(pipeline, bucket, second, "XNYS")
    run(environment, "once")
    before = venues(pipeline, database)
    assert all(before[key][0] > 0 for key in (first, second)), (
        "a field that the table does not have is left out"
    )

    add_venue(environment, tmp_path / "sql")
    put(pipeline, bucket, third, "XNYS")
    run(environment, "once")
    after = venues(pipeline, database)
    assert after == {
        first: (before[first][0], 0),
        second: (before[second][0], 0),
        third: (after[third][0], after[third][0]),
    }

    # The day again: what has the field brings it now, what has not stays as it is.
    day = second.partition("dt=")[2][:10]
    run(environment, "reload", "--day", day)
    assert venues(pipeline, database)[first] == (before[first][0], 0) and venues(pipeline, database)[
        second
    ] == (
        before[second][0],
        before[second][0],
    )
    run(environment, "rebuild", "--topic", "stock-data")
