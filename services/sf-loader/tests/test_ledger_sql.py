"""Which rows of the ledger count, on DuckDB through fakesnow: only those that a loader can have written."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from connected import QUOTES, Connected, entry
from duckdb_tables import Tables, fakesnow, snowflake

from stock_common.keys import ObjectKey
from stock_objects.chain import Chain
from stock_sf_loader.load import ledger
from stock_sf_loader.repair import ledger_rows

pytestmark = pytest.mark.filterwarnings("ignore:Arrow output on a DB-API result")
INSERT = """\
INSERT INTO RAW.LOADED_FILES
  (TOPIC, TOPIC_ID, KAFKA_PARTITION, FIRST_OFFSET, LAST_OFFSET, ROW_COUNT, REJECTED, HOLES, LOST,
   OBJECT_KEY, ETAG, STATUS, OBJECT_TIME, LOADED_AT)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'etag', ?, ?, ?)"""
NOW = datetime.now(UTC)
KEY = str(ObjectKey(*QUOTES, datetime(2026, 3, 1, 14, tzinfo=UTC), 5))
SOUND: dict[str, Any] = {
    "topic": QUOTES.topic,
    "topic_id": QUOTES.topic_id,
    "partition": 0,
    "first": 5,
    "last": 9,
    "rows": 2,
    "rejected": 1,
    "holes": 1,
    "lost": 1,
    "key": KEY,
    "status": "loaded",
    "time": NOW,
    "loaded_at": NOW - timedelta(minutes=1),
}


@pytest.fixture(scope="module")
def connected() -> Iterator[Connected]:
    with warnings.catch_warnings(), fakesnow.patch():
        warnings.simplefilter("ignore")
        connection = snowflake.connector.connect(database="STOCKS", schema="PUBLIC")
        Tables(connection.cursor(), "003")
        yield Connected(connection.cursor())
        connection.close()


@pytest.fixture
def session(connected: Connected) -> Connected:
    """One link in the ledger."""
    connected.execute("DELETE FROM RAW.LOADED_FILES")
    ledger.add(connected, [entry(QUOTES, 1, 0)])
    return connected


def test_a_row_that_adds_up_counts(session: Connected) -> None:
    session.execute(INSERT, [*SOUND.values()])
    state = ledger.read(session)
    assert (state.tails[QUOTES].last, state.tails[QUOTES].key, state.unsound) == (9, KEY, {})


@pytest.mark.parametrize(
    "change",
    [
        {"first": None},
        {"last": 4},
        {"last": 10**18},
        {"last": 2**63 + 5, "lost": 2**63 - 3},
        {"rows": -1, "holes": 4},
        {"first": 6, "rows": 1},
        {"first": -1, "last": 3},
        {"topic": "stock-other", "key": KEY.replace("stock-data", "stock-other")},
        {"topic": "%"},
        {"topic_id": "%"},
        {"topic_id": "z" * 32, "key": KEY.replace(QUOTES.topic_id, "z" * 32)},
        {"partition": 1},
        {"partition": 123456},
        {"key": "notes.txt"},
        {"key": KEY + "\n"},
        {"key": f"other/{KEY}"},
        {"key": KEY.replace("dt=2026-03-01", "dt=tomorrowww")},
        {"status": "maybe"},
        {"loaded_at": NOW + timedelta(days=2)},
        {"loaded_at": datetime(9998, 12, 31, 23, 59, tzinfo=UTC)},
    ],
    ids=str,
)
def test_any_other_row_is_named_and_decides_nothing(session: Connected, change: dict[str, Any]) -> None:
    row = SOUND | change
    session.execute(INSERT, [*row.values()])
    state = ledger.read(session)
    assert {chain: tail.last for chain, tail in state.tails.items()} == {QUOTES: 4}
    chain = Chain(row["topic"], row["topic_id"], row["partition"])
    assert state.unsound == {chain: (1, row["key"])}
    parts = ledger_rows.prunable(session, "2027-01-01", ["stock-data", row["topic"]])
    assert [(part.chain, part.last) for part in parts] == [(QUOTES, 4)], "and deletes nothing"


def test_a_time_in_the_future_settles_nothing(session: Connected) -> None:
    session.execute(INSERT, [*(SOUND | {"loaded_at": NOW + timedelta(days=300)}).values()])
    state = ledger.read(session)
    assert state.settled is None or state.settled.before < NOW


def test_quarantined_objects_without_a_place_are_released_by_key(session: Connected) -> None:
    strays = [entry(QUOTES, 2, None, "quarantined")._replace(key=f"{KEY}{name}") for name in ("'", "\n", "ö")]
    placed = entry(QUOTES, 2, 5, "quarantined")
    ledger.add(session, [*strays, placed])
    names = [one.key for one in strays[:2]]
    assert ledger_rows.release(session, [*names, placed.key, "other"]) == 2
    assert {one.key for one in ledger_rows.quarantined(session)} == {strays[2].key, placed.key}
