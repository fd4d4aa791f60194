"""The loader on a bad day: two of them, Snowflake away, a field that was added to the contract while objects without it lie on S3."""

from __future__ import annotations

import io
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pipeline import Pipeline
from poll import poll_until

from stock_stack.services import launcher
from stock_stack.site import BUCKET, REPOSITORY

COMMAND_SECONDS = 90
MIGRATE = """
import sys
from pathlib import Path
from stock_common.settings import load_or_exit
from stock_sf_loader.config import LoaderSettings
from stock_sf_loader.migrations import migrate
from stock_warehouse.session import Warehouse
settings = load_or_exit(LoaderSettings)
warehouse = Warehouse(settings, "sf-loader")
migrate(warehouse, settings, Path(sys.argv[1]))
warehouse.close()
"""


def metric(pipeline: Pipeline, service: str, name: str) -> float:
    """The value of the first sample whose line begins so; 0 without one."""
    port = pipeline.stack.environment(service)["METRICS_PORT"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return next((float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name)), 0.0)


def check_complete(pipeline: Pipeline) -> None:
    with pipeline.still():
        verdict = pipeline.audit()
    assert verdict["exit_code"] == 0, verdict


def test_two_loaders_at_once_load_everything_once(pipeline: Pipeline) -> None:
    pipeline.stack.start("sf-loader", instance=2)
    try:
        fence = pipeline.query("SELECT FENCE FROM RAW.LOADER_LEASE")[0][0]
        pipeline.more_quotes(240, 90)
        assert pipeline.query("SELECT FENCE FROM RAW.LOADER_LEASE")[0][0] > fence
    finally:
        assert pipeline.stack.stop("sf-loader-2") == 0
    check_complete(pipeline)


@pytest.mark.timeout(360)
def test_a_snowflake_that_goes_away_and_comes_back_is_waited_for(pipeline: Pipeline) -> None:
    """Its sessions are gone with it: the loader signs in anew. Its process goes on all the while."""
    pid = pipeline.stack.pid("sf-loader")
    failed = metric(pipeline, "sf-loader", 'stock_sf_loader_cycles_total{outcome="unavailable"}')
    pipeline.stack.kill("snowflake", signal.SIGKILL)
    try:
        # The connector is given a minute for a statement and another for the sign-in before it gives up.
        poll_until(lambda: metric(pipeline, "sf-loader", 'stock_sf_loader_cycles_total{outcome="unavailable"}') > failed, "a failed cycle", 180)
    finally:
        pipeline.stack.restart("snowflake")
    pipeline.more_quotes(120, 90)
    assert pipeline.stack.pid("sf-loader") == pid
    check_complete(pipeline)


def first_links(pipeline: Pipeline, count: int) -> list[str]:
    """Keys of the first links of a chain of quotes that have rows, from its start on."""
    client = pipeline.bucket()
    keys = sorted(item["Key"] for item in client.list_objects_v2(Bucket=BUCKET, Prefix="raw/stock-data/")["Contents"])
    chain = next(key.partition("dt=")[0] for key in keys if sum(other.startswith(key.partition("dt=")[0]) for other in keys) >= count)
    return [key for key in keys if key.startswith(chain)][:count]


def put(pipeline: Pipeline, bucket: str, key: str, venue: str | None) -> None:
    """The object of the pipeline in another bucket, as it is, or with a field more in each row."""
    client = pipeline.bucket()
    found = client.get_object(Bucket=BUCKET, Key=key)
    body = found["Body"].read()
    if venue is not None:
        rows = pq.read_table(io.BytesIO(body))
        written = io.BytesIO()
        pq.write_table(rows.append_column("venue", pa.array([venue] * rows.num_rows, pa.string())), written, compression="zstd")
        body = written.getvalue()
    client.put_object(Bucket=bucket, Key=key, Body=body, Metadata=found["Metadata"])


def run(environment: Mapping[str, str], *words: str) -> str:
    done = subprocess.run([launcher("sf-loader"), *words], env=dict(environment), capture_output=True, text=True, timeout=COMMAND_SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_objects_without_an_added_field_still_load(pipeline: Pipeline, tmp_path: Path) -> None:
    bucket, database = "added-field", "ADDED"
    pipeline.bucket().create_bucket(Bucket=bucket)
    pipeline.query(f"CREATE DATABASE IF NOT EXISTS {database}")
    environment = pipeline.stack.environment("sf-loader") | {"SNOWFLAKE_DATABASE": database, "S3_BUCKET": bucket}
    first, second, third = first_links(pipeline, 3)

    def venues() -> dict[str, tuple[Any, ...]]:
        """Key → rows, and how many of them have the field (0 where the table has none)."""
        has = pipeline.query(
            f"SELECT COUNT(*) FROM {database}.INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = 'STOCK_QUOTES' AND COLUMN_NAME = 'VENUE'"
        )
        field = "COUNT(VENUE)" if has[0][0] else "0"
        return {row[0]: row[1:] for row in pipeline.query(f"SELECT SOURCE_FILE, COUNT(*), {field} FROM {database}.RAW.STOCK_QUOTES GROUP BY 1")}

    run(environment, "migrate")
    put(pipeline, bucket, first, None)
    put(pipeline, bucket, second, "XNYS")
    run(environment, "once")
    before = venues()
    assert all(before[key][0] > 0 for key in (first, second)), "a field that the table does not have is left out"

    folder = tmp_path / "sql"
    shutil.copytree(REPOSITORY / "services/sf-loader/sql", folder)
    (folder / "014_venue.sql").write_text("ALTER TABLE RAW.STOCK_QUOTES ADD COLUMN IF NOT EXISTS VENUE VARCHAR(32);\n")
    python = Path(launcher("sf-loader")).with_name("python")
    for _ in range(2):
        subprocess.run([python, "-c", MIGRATE, folder], env=environment, check=True, capture_output=True, timeout=COMMAND_SECONDS)
    put(pipeline, bucket, third, "XNYS")
    run(environment, "once")
    after = venues()
    assert after == {first: (before[first][0], 0), second: (before[second][0], 0), third: (after[third][0], after[third][0])}

    # The day again: what has the field brings it now, what has not stays as it is.
    day = second.partition("dt=")[2][:10]
    run(environment, "reload", "--day", day)
    assert venues()[first] == (before[first][0], 0) and venues()[second] == (before[second][0], before[second][0])
    run(environment, "rebuild", "--topic", "stock-data")
