"""The audit's SQL, parsed as Snowflake's and run on tables of DuckDB."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from world import CHAIN, World, link, runs_of

from stock_auditor.compare.evidence import LedgerRow, Reading, Totals
from stock_auditor.stages import sql
from stock_auditor.stages.warehouse import WarehouseReader
from stock_common.ledger import QUARANTINED, TABLES
from stock_common.topics import SUNK
from stock_objects.chain import Chain

A, B, C = link(0, 90, rejected=10), link(100, 100), link(200, 100)
TOPICS = [topic.name for topic in SUNK]


class DuckSession:
    """A session over DuckDB with the columns of RAW that the audit reads. `statements` counts queries."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.statements = 0
        self.connection.execute("CREATE SCHEMA RAW")
        for table in TABLES.values():
            columns = {"EVENT_ID", table.identity}
            extra = ", ".join(f"{name} VARCHAR" for name in sorted(columns))
            self.connection.execute(
                f"CREATE TABLE {table.name} ({extra}, kafka_topic_id VARCHAR, kafka_partition INT,"
                " kafka_offset BIGINT)"
            )
        self.connection.execute(
            "CREATE TABLE RAW.LOADED_FILES (topic VARCHAR, topic_id VARCHAR, kafka_partition INT,"
            " first_offset BIGINT, last_offset BIGINT, row_count BIGINT, rejected BIGINT, holes"
            " BIGINT, lost BIGINT,"
            " object_key VARCHAR, etag VARCHAR, status VARCHAR, reason VARCHAR)"
        )

    def query(self, sql: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]:
        self.statements += 1
        cursor = self.connection.execute(sql, list(params))
        names = [column[0].lower() for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def hold(self, world: World) -> None:
        for row in world.ledger.values():
            place = [None, None] if row.first < 0 else [row.first, row.last]
            values = [
                *world.chain,
                *place,
                row.rows,
                row.rejected,
                row.holes,
                row.lost,
                row.key,
                row.etag,
                row.status,
                row.reason or None,
            ]
            self.connection.execute(
                "INSERT INTO RAW.LOADED_FILES VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values
            )
        table, _ = TABLES[world.chain.topic]
        for offset, copies in world.table.items():
            for _ in range(copies):
                self.rows(table, world.chain, [(offset, f"event-{offset}")])

    def rows(self, table: str, chain: Chain, rows: Sequence[tuple[int, str]]) -> None:
        names = "alert_id, event_id" if table == "RAW.STOCK_ALERTS" else "event_id"
        for offset, event in rows:
            events = f"'{event}', 'quote'" if table == "RAW.STOCK_ALERTS" else f"'{event}'"
            self.connection.execute(
                f"INSERT INTO {table} ({names}, kafka_topic_id, kafka_partition, kafka_offset)"
                f" VALUES ({events}, '{chain.topic_id}', {chain.partition}, {offset})"
            )


@pytest.fixture
def session() -> Iterator[DuckSession]:
    held = DuckSession()
    yield held
    held.connection.close()


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize(
    ("text", "binds"), [(sql.chains, 1), (sql.totals, 14), (sql.runs, 9)], ids=["chains", "totals", "runs"]
)
def test_statements_are_snowflake_s(topic: str, text: Any, binds: int) -> None:
    (statement,) = sqlglot.parse(text(topic), read="snowflake")
    assert statement is not None
    assert text(topic).count("?") == binds
    for statement in (sql.quarantined(), sql.resent_across(topic)):
        assert sqlglot.parse_one(statement, read="snowflake")


def ordered(reading: Reading) -> Reading:
    return reading._replace(
        ledger=tuple(sorted(reading.ledger)),
        runs=reading.runs if reading.runs is None else tuple(sorted(reading.runs)),
    )


@pytest.mark.parametrize("since", [-1, 0, 100, 200, 300])
def test_what_agrees_is_read_by_totals(session: DuckSession, since: int) -> None:
    world = World([A, B, C], loaded=2)
    session.hold(world)
    session.hold(World([link(0, 7, chain=CHAIN._replace(partition=1))], chain=CHAIN._replace(partition=1)))
    reading = WarehouseReader(session).read(CHAIN, since, by_range=False)
    assert ordered(reading) == ordered(world.reading(since, runs=False))
    assert session.statements == 1


@pytest.mark.parametrize("since", [-1, 100])
@pytest.mark.parametrize("size", [1, 150, 1000])
def test_what_differs_is_read_by_offsets(session: DuckSession, since: int, size: int) -> None:
    world = World([A, B, C])
    world.table.update([150, 150, 99, 1000])
    del world.table[220]
    session.hold(world)
    reading = WarehouseReader(session, size).read(CHAIN, since, by_range=False)
    table = {offset: copies for offset, copies in world.table.items() if offset >= since}
    assert (
        Counter(
            {offset: run.copies for run in reading.runs or () for offset in range(run.first, run.last + 1)}
        )
        == table
    )
    assert sorted(reading.ledger) == sorted(world.reading(since).ledger)


def test_quarantined_objects_are_always_read(session: DuckSession) -> None:
    world = World([A, B, C])
    stray = LedgerRow(f"{CHAIN.prefix}x", -1, -1, 0, etag="e", status=QUARANTINED, reason="no link")
    world.ledger[stray.key] = stray
    session.hold(world)
    reader = WarehouseReader(session)
    for by_range in (False, True):
        assert stray in reader.read(CHAIN, 300, by_range).ledger
    assert reader.quarantined() == [(stray.key, "no link")]


def test_chains_of_ledger_and_table(session: DuckSession) -> None:
    session.hold(World([A]))
    other = CHAIN._replace(partition=5)
    session.rows("RAW.STOCK_QUOTES", other, [(1, "e")])
    session.rows("RAW.STOCK_BARS", CHAIN._replace(partition=2), [(1, "e")])
    assert WarehouseReader(session).chains("stock-data") == {CHAIN, other}


@pytest.mark.parametrize("topic", TOPICS)
def test_resent_events_are_counted_where_they_are_new(session: DuckSession, topic: str) -> None:
    chain = CHAIN._replace(topic=topic)
    reader, table = WarehouseReader(session), TABLES[topic].name
    session.rows(table, chain, [(0, "a"), (1, "b"), (2, "a"), (3, "c"), (4, "b"), (4, "b")])
    assert reader.read(chain, -1, by_range=False).resent == 2
    assert reader.read(chain, 3, by_range=False).resent == 1
    assert reader.read(chain, 5, by_range=False).resent == 0
    assert reader.read(chain, 3, by_range=False).totals == Totals(3, 2, 3, 4)


@pytest.mark.parametrize("topic", TOPICS)
def test_an_event_in_several_chains_is_resent_across(session: DuckSession, topic: str) -> None:
    chains = [CHAIN._replace(topic=topic, partition=number) for number in (2, 10)]
    former = chains[0]._replace(topic_id="f" * 32)
    table = TABLES[topic].name
    session.rows(table, chains[0], [(0, "a"), (1, "b"), (2, "a"), (3, "c")])
    session.rows(table, chains[1], [(0, "a"), (1, "d"), (2, "a"), (3, "c")])
    session.rows(table, former, [(0, "d")])
    reader = WarehouseReader(session)
    assert reader.resent_across(topic) == {chains[0]: 2, former: 1}
    assert reader.read(chains[0], -1, by_range=False).resent == 1


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(st.integers(0, 30), st.integers(1, 3), max_size=20), st.integers(1, 20))
def test_runs_are_the_table_s_offsets(table: dict[int, int], size: int) -> None:
    session = DuckSession()
    world = World([link(0, 10), link(10, 10), link(20, 10)])
    world.table = Counter(table)
    session.hold(world)
    reading = WarehouseReader(session, size).read(CHAIN, -1, by_range=True)
    merged = {offset: run.copies for run in reading.runs or () for offset in range(run.first, run.last + 1)}
    assert merged == table
    assert len(reading.runs or ()) >= len(runs_of(table))
