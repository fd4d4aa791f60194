"""The views of the lake show what those of ANALYTICS show, on the same rows: DuckDB and the local Snowflake.

The rows are generated, and some are odd: prices without a close, volumes that fall, days in the future, one
event id with two values. Events are sent again as a producer does that died: the last ones, in their order.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import snowflake.connector
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stock_lake import query, sorting, views
from stock_lake.tables import ALERTS, BARS, QUOTES, TABLES, Table
from stock_s3_sink.encode.schema import SCHEMAS
from stock_sf_loader.account.schema import migrations

ROOT = Path(__file__).resolve().parents[2]
GIVEN = {"stage": "S", "stage_url": "s3://stocks/raw/", "storage_integration": "", "retention_days": "1"}
VIEWS = (
    *("QUOTES", "LATEST_QUOTES", "MOVERS", "TICKS", "ALERTS"),
    *("BARS_1MIN", "BARS_5MIN", "BARS_15MIN", "BARS_30MIN", "BARS_1H", "BARS_1D"),
)
TODAY = datetime.now(UTC).date()
OPEN = datetime(TODAY.year, TODAY.month, TODAY.day, 14, 30, tzinfo=UTC) - timedelta(days=2)
Row = dict[str, Any]

symbols = st.sampled_from(["AAPL", "BRK.B"])
prices = st.sampled_from(
    [Decimal(text) for text in ("0", "-1", "0.000001", "100", "101.25", "99.5", "999999999999.999999")]
)
closes = prices.filter(lambda price: price < 10**9)
"""The local Snowflake has 18 digits for a product, a real one 38. services/lake tests larger ones."""
seconds = st.sampled_from([0, 0.000001, 1, 59.999999, 60, 299, 3_599, 3_600])
instants = seconds.map(lambda after: OPEN + timedelta(seconds=after))
early = st.sampled_from([OPEN, OPEN + timedelta(seconds=1)])
"""Few, so that rows meet that only their offsets tell apart."""
days = st.sampled_from([TODAY + timedelta(days=away) for away in (-6, -3, -2, -2, -1, 0, 2, 3)])
ids = st.integers(0, 5).map(lambda number: f"00000000-0000-0000-0000-00000000000{number}")
volumes = st.none() | st.sampled_from([0, 1, 1_000, 900, 2_000, 2**50])
quotes = st.fixed_dictionaries(
    {
        "event_id": ids, "symbol": symbols, "price": prices, "open": st.none() | prices,
        "high": st.none() | prices, "low": st.none() | prices, "previous_close": st.none() | closes,
        "volume": volumes, "trading_day": days,
        "quoted_at": st.none() | instants, "fetched_at": early | instants, "source": st.just("simulated"),
        "endpoint": st.just("GLOBAL_QUOTE"), "session": st.sampled_from([None, "regular"]),
        "entitlement": st.sampled_from([None, "realtime", "realtime", "delayed", "end_of_day"]),
        "currency": st.sampled_from([None, "USD", "GBX"]),
    }
)  # fmt: skip
bars = st.fixed_dictionaries(
    {
        "event_id": ids, "symbol": symbols, "interval": st.sampled_from(["1min", "1min", "60min", "daily"]),
        "starts_at": early | instants,
        "open": prices, "high": prices, "low": prices, "close": prices, "volume": volumes,
        "adjusted": st.booleans(), "source": st.just("simulated"), "fetched_at": early,
    }
)  # fmt: skip
alerts = st.fixed_dictionaries(
    {
        "alert_id": ids, "rule": st.just("move"), "symbol": symbols, "price": prices,
        "reference": st.none() | prices, "threshold": st.none() | prices,
        "direction": st.none() | st.just("up"),
        "severity": st.just("warning"), "session": st.none(), "triggered_at": instants, "event_id": ids,
        "message": st.sampled_from(["up", "it's up"]),
    }
)  # fmt: skip


@st.composite
def logs(draw: st.DrawFn, records: st.SearchStrategy[Row]) -> list[Row]:
    """Records as Kafka has them: a partition a symbol, the last ones of the log perhaps twice."""
    found = draw(st.lists(records, max_size=16))
    again = draw(st.integers(0, len(found)))
    sent = [*found, *found[len(found) - again :], *draw(st.lists(records, max_size=3))]
    ends: dict[int, int] = {}
    rows = []
    for number, record in enumerate(sent):
        partition = ["AAPL", "BRK.B"].index(record["symbol"])
        offset = ends[partition] = ends.get(partition, -1) + 1
        lineage = {"kafka_topic_id": "a" * 32, "kafka_partition": partition, "kafka_offset": offset}
        rows.append(record | lineage | {"kafka_time": OPEN + timedelta(milliseconds=number)})
    return rows


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A session with the local Snowflake, which has the loader's tables and views."""
    variables = {
        "DATA_DIR": str(tmp_path_factory.mktemp("snowflake")), "SNOWFLAKE_PASSWORD": "secret",
        "SNOWFLAKE_LISTEN_PORT": "0", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
    }  # fmt: skip
    command = [str(ROOT / "local/snowflake/.venv/bin/stock-snowflake")]
    process = subprocess.Popen(command, env=os.environ | variables, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        port = re.search(r":([0-9]+)", line := process.stdout.readline())
        assert port, line
        with snowflake.connector.connect(
            user="LOADER", password="secret", account="local", host="127.0.0.1",
            port=int(port[1]), protocol="http",
            session_parameters={"TIMEZONE": "UTC", "CLIENT_OUT_OF_BAND_TELEMETRY_ENABLED": False},
        ) as connection:  # fmt: skip
            cursor = connection.cursor()
            cursor.execute("CREATE DATABASE STOCKS")
            cursor.execute("USE DATABASE STOCKS")
            for statement in (each for part in migrations(GIVEN) for each in part.statements):
                cursor.execute(statement)
            yield cursor
    finally:
        process.terminate()
        process.wait(20)


def in_snowflake(cursor: Any, rows: dict[Table, list[Row]]) -> dict[str, list[tuple[Any, ...]]]:
    for table, found in rows.items():
        name = f"RAW.STOCK_{table.name.upper()}"
        cursor.execute(f"DELETE FROM {name}")
        names = [*table.linked.names, "source_file", "loaded_at"]
        columns = ", ".join(f'"{each.upper()}"' for each in names)
        values = [
            tuple({**row, "source_file": "f", "loaded_at": OPEN}[each] for each in names) for row in found
        ]
        if values:
            places = ", ".join(["%s"] * len(names))
            cursor.executemany(f"INSERT INTO {name} ({columns}) VALUES ({places})", values)
    return {view: answer(cursor.execute(f"SELECT * FROM ANALYTICS.{view}")) for view in VIEWS}


def in_the_lake(rows: dict[Table, list[Row]], closed: int) -> dict[str, list[tuple[Any, ...]]]:
    """The first `closed` rows of each table as the day job writes them, the others as links."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'; CREATE SCHEMA RAW; CREATE SCHEMA ANALYTICS;")
        for table, found in rows.items():
            with tempfile.TemporaryDirectory() as folder:
                early = [pa.Table.from_pylist(found[:closed], table.linked)]
                ordered = sorting.sort(early, table, Path(folder))
                batches = list(sorting.with_day(sorting.Once(table).rows(ordered), table, date(2026, 1, 1)))
            stored = pa.concat_tables([table.schema.empty_table(), *batches])
            query.add(connection, table, stored, pa.Table.from_pylist(found[closed:], table.linked), None)
        connection.execute(views.statements())
        return {view: answer(connection.execute(f"SELECT * FROM ANALYTICS.{view}")) for view in VIEWS}


def answer(cursor: Any) -> list[tuple[Any, ...]]:
    """Names of the columns, then the rows in an order of their own."""
    names = tuple(column[0].upper() for column in cursor.description)
    return [names, *sorted((tuple(map(plain, row)) for row in cursor.fetchall()), key=str)]


def plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value).normalize() + 0
    return value


@pytest.mark.timeout(600)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(logs(quotes), logs(bars), logs(alerts), st.integers(0, 12))
def test_both_show_the_same(
    warehouse: Any, some_quotes: list[Row], some_bars: list[Row], some_alerts: list[Row], closed: int
) -> None:
    rows = {QUOTES: some_quotes, BARS: some_bars, ALERTS: some_alerts}
    expected, found = in_snowflake(warehouse, rows), in_the_lake(rows, closed)
    for view in VIEWS:
        assert found[view] == expected[view], view


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_lake_has_the_columns_of_the_objects(table: Table) -> None:
    assert table.linked == SCHEMAS[table.topic.record]
