"""The SQL of prune and rebuild, run on DuckDB through fakesnow."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest
from connected import ALERTS, QUOTES, Connected, entry
from duckdb_tables import Tables, fakesnow, snowflake

from stock_objects.chain import Chain
from stock_sf_loader.columns import Column, columns
from stock_sf_loader.load.ledger import add, read
from stock_sf_loader.repair import checksum, ledger_rows, rebuild_sql
from stock_sf_loader.repair.shadow_tables import ShadowSession, shadow

pytestmark = pytest.mark.filterwarnings("ignore:Arrow output on a DB-API result")
TABLE = "RAW.STOCK_QUOTES"


@pytest.fixture
def session() -> Iterator[Connected]:
    """Two days of quotes and one of alerts in the ledger, the quotes in their table."""
    with warnings.catch_warnings(), fakesnow.patch():
        warnings.simplefilter("ignore")
        connection = snowflake.connector.connect(database="STOCKS", schema="PUBLIC")
        tables = Tables(connection.cursor(), "003")
        session = Connected(connection.cursor())
        days = [
            entry(QUOTES, 1, 0),
            entry(QUOTES, 1, 5, "quarantined"),
            entry(QUOTES, 2, 10),
            entry(QUOTES, 1, None, "quarantined"),
        ]
        add(session, [*days, entry(ALERTS, 1, 0)])
        for offset in (*range(5), *range(10, 15)):
            tables.quote(offset, 10 + offset / 7, volume=offset, kafka_offset=offset, source_file="f")
        yield session
        connection.close()


def test_prune(session: Connected) -> None:
    (alerts, quotes) = ledger_rows.prunable(session, "2026-03-02", ["stock-data", "stock-alerts"])
    assert (quotes, alerts) == (ledger_rows.Prunable(QUOTES, 9, 2, 5), ledger_rows.Prunable(ALERTS, 4, 1, 5))
    assert ledger_rows.delete_up_to(session, "stock-data", [quotes]) == 5
    assert ledger_rows.prune(session, "2026-03-02", "stock-data") == 2
    assert ledger_rows.prunable(session, "2026-03-02", ["stock-data"]) == []
    first, second, third, stray = sorted(
        ledger_rows.between(session, QUOTES, QUOTES.prefix, f"{QUOTES.prefix}e"),
        key=lambda row: row.last or 99,
    )
    assert [row.status for row in (first, second, third, stray)] == [
        "pruned",
        "pruned",
        "loaded",
        "quarantined",
    ]
    assert read(session).tails[QUOTES].last == 14


def test_one_objects_marks_and_rows(session: Connected) -> None:
    held = entry(QUOTES, 2, 10)
    assert ledger_rows.overlapping(session, QUOTES, (8, 11), (held.key, held.key)) == entry(
        QUOTES, 1, 5, "quarantined"
    )._replace(size=0)
    assert ledger_rows.overlapping(session, QUOTES, (10, 11), (held.key, held.key)) is None
    assert ledger_rows.delete_rows(session, QUOTES, 11, 12) == 2
    assert ledger_rows.remove(session, QUOTES, held.key, held.key, "quarantined") == 0
    assert ledger_rows.remove(session, QUOTES, held.key, held.key, "loaded") == 1
    assert [one.first for one in ledger_rows.quarantined(session)] == [None, 5]


def test_rebuilt_tables_are_distinguished(session: Connected) -> None:
    other, ends = ShadowSession(session), {QUOTES: 14}
    for text in (
        rebuild_sql.MAKE_LEDGER,
        rebuild_sql.MAKE_LEASE,
        rebuild_sql.make_table("stock-data"),
        rebuild_sql.FILL_LEASE,
    ):
        session.execute(text)
    ledger_rows.prune(session, "2026-03-02", "stock-data")
    session.execute(rebuild_sql.SEED, ("stock-data", "stock-data"))
    assert sorted(row["object_key"] for row in session.query(shadow(ledger_rows.READ_QUARANTINED))) == [
        entry(QUOTES, 1, None).key
    ]
    assert read(other).tails[QUOTES].last == 9
    assert [
        row["first_offset"] for row in session.query(rebuild_sql.NOT_REBUILT, ("stock-data", "stock-data"))
    ] == [10]
    add(other, [entry(QUOTES, 2, 10), entry(QUOTES, 3, 15)])
    assert session.query(rebuild_sql.NOT_REBUILT, ("stock-data", "stock-data")) == []
    count = rebuild_sql.count_files(1), ("stock-data", QUOTES.topic_id, QUOTES.partition, 14)
    assert session.query(*count) == other.query(*count) == [{"files": 3, "objects": 3}]
    of = columns(session, TABLE)
    assert of == columns(session, shadow(TABLE))
    names = ", ".join(column.quoted for column in of)
    session.execute(f"INSERT INTO {shadow(TABLE)} ({names}) SELECT {names} FROM {TABLE}")
    assert differing(session, of, ends) == []
    for change, column in (
        ("PRICE = PRICE + 0.000001 WHERE KAFKA_OFFSET = 3", "price_sum"),
        ("FETCHED_AT = DATEADD('second', 1, FETCHED_AT) WHERE KAFKA_OFFSET = 3", "fetched_at_sum"),
        ("VOLUME = NULL WHERE KAFKA_OFFSET = 3", "volume_count"),
        ("VOLUME = IFF(KAFKA_OFFSET = 10, 11, 10) WHERE KAFKA_OFFSET IN (10, 11)", "volume_sum"),
        ("SESSION = 'regular' WHERE KAFKA_OFFSET = 3", "session_count"),
    ):
        session.execute(f"UPDATE {shadow(TABLE)} SET {change}")
        (found,) = differing(session, of, ends) or [change]
        assert column in found.partition("these differ: ")[2]
        session.execute(f"DELETE FROM {shadow(TABLE)}")
        session.execute(f"INSERT INTO {shadow(TABLE)} ({names}) SELECT {names} FROM {TABLE}")


def differing(session: Connected, of: list[Column], ends: dict[Chain, int]) -> list[str]:
    return checksum.differences(
        checksum.sums(session, "stock-data", of),
        checksum.sums(ShadowSession(session), "stock-data", of, ends),
    )


def test_in_place(session: Connected) -> None:
    of = columns(session, TABLE)
    for text in (
        rebuild_sql.MAKE_LEDGER,
        rebuild_sql.make_table("stock-data"),
        rebuild_sql.make_table("stock-data"),
    ):
        session.execute(text)
    add(ShadowSession(session), [entry(QUOTES, 1, 0), entry(ALERTS, 1, 5)])
    # LIKE takes a column's default along in Snowflake, but not in fakesnow.
    session.execute(f"UPDATE {shadow('RAW.LOADED_FILES')} SET LOADED_AT = CURRENT_TIMESTAMP()")
    assert session.execute(rebuild_sql.empty_table("stock-data")) == 10
    assert session.execute(rebuild_sql.fill_table("stock-data", of)) == 0
    assert session.execute(rebuild_sql.EMPTY_LEDGER, ("stock-data",)) == 3
    assert session.execute(rebuild_sql.FILL_LEDGER, ("stock-data",)) == 1
    state = read(session)
    assert (state.tails[QUOTES].last, state.tails[ALERTS].last, len(state.strays)) == (4, 4, 1)
    assert session.query(rebuild_sql.COUNT_BEGUN, ("stock-data",)) == [{"files": 1}]
    session.execute(rebuild_sql.FORGET, ("stock-data",))
    assert session.query(rebuild_sql.COUNT_LEFT) == [{"files": 1}]
    for text in (rebuild_sql.drop_table("stock-data"), rebuild_sql.DROP_LEDGER, rebuild_sql.DROP_LEASE):
        session.execute(text)
