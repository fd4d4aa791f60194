"""What survives the end of the process: everything committed, nothing else."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import servers
import snowflake.connector.errors
from conftest import Connect
from files import QUOTES_DDL, copy, parquet, quotes


@pytest.fixture
def restartable(s3_address: str, tmp_path: Path, log_file: Path) -> Callable[[], servers.RunningServer]:
    environ = servers.launcher_environ(tmp_path / "data", s3_address)
    return lambda: servers.start_launcher(environ, log_file)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_committed_work_survives(
    number: signal.Signals, restartable: Callable[[], servers.RunningServer], connect_to: Connect, s3: Any
) -> None:
    bucket = f"persistence-{number.name.lower()}"
    s3.create_bucket(Bucket=bucket)
    for name, first in (("a.parquet", 0), ("b.parquet", 3)):
        s3.put_object(Bucket=bucket, Key=name, Body=parquet(quotes(3, first)))
    first = restartable()
    cursor = connect_to(first.port).cursor()
    for statement in (
        "CREATE DATABASE STOCKS",
        "CREATE SCHEMA STOCKS.RAW",
        QUOTES_DDL,
        f"CREATE STAGE LANDING URL = 's3://{bucket}/'",
        "CREATE FILE FORMAT PQ TYPE = PARQUET",
        "CREATE VIEW LATEST AS SELECT MAX(KAFKA_OFFSET) AS HIGHEST FROM QUOTES",
        copy("a.parquet"),
        "BEGIN",
        copy("b.parquet"),
    ):
        cursor.execute(statement)
    first.stop(number)
    second = restartable()
    cursor = connect_to(second.port, database="STOCKS", schema="RAW").cursor()
    assert cursor.execute("SELECT COUNT(*), MAX(KAFKA_OFFSET) FROM QUOTES").fetchall() == [(3, 2)]
    assert cursor.execute("SELECT HIGHEST FROM LATEST").fetchall() == [(2,)]
    named_format = copy("a.parquet", "b.parquet").replace(
        "TYPE = PARQUET USE_VECTORIZED_SCANNER = TRUE", "FORMAT_NAME = PQ"
    )
    assert sorted(row[1] for row in cursor.execute(named_format).fetchall()) == ["LOADED", "LOAD_SKIPPED"]
    with pytest.raises(snowflake.connector.errors.IntegrityError):
        cursor.execute("INSERT INTO QUOTES (SYMBOL) VALUES ('IBM')")
    second.stop()


def test_killed_between_two_commits_many_times(
    restartable: Callable[[], servers.RunningServer], connect_to: Connect
) -> None:
    """kill -9 right after an answer to COMMIT: that commit is there."""
    for run in range(3):
        running = restartable()
        cursor = connect_to(running.port).cursor()
        if run == 0:
            cursor.execute("CREATE DATABASE STOCKS")
            cursor.execute("CREATE TABLE PUBLIC.T (RUN NUMBER, N NUMBER)")
        cursor.execute("USE DATABASE STOCKS")
        for number in range(10):
            cursor.execute("BEGIN")
            cursor.execute("INSERT INTO T VALUES (?, ?)", (run, number))
            cursor.execute("COMMIT")
        running.stop(signal.SIGKILL)
    last = restartable()
    assert connect_to(last.port, database="STOCKS").cursor().execute(
        "SELECT COUNT(*), COUNT(DISTINCT RUN) FROM T"
    ).fetchall() == [(30, 3)]
    last.stop()


def test_dropped_databases_stay_dropped(
    restartable: Callable[[], servers.RunningServer], connect_to: Connect, tmp_path: Path
) -> None:
    first = restartable()
    cursor = connect_to(first.port).cursor()
    for statement in (
        "CREATE DATABASE A",
        "CREATE STAGE S URL = 's3://bucket/'",
        "CREATE DATABASE B",
        "DROP DATABASE A",
    ):
        cursor.execute(statement)
    first.stop()
    assert sorted(path.name for path in (tmp_path / "data").glob("*.db")) == ["B.db"]
    second = restartable()
    cursor = connect_to(second.port, database="A").cursor()
    assert cursor.execute("SELECT CURRENT_DATABASE()").fetchall() == [(None,)]
    cursor.execute("CREATE DATABASE A")
    assert cursor.execute("SHOW STAGES").fetchall() == []
    second.stop()
