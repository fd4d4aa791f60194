"""Rows of RAW.LOADED_FILES, read and changed one by one: what repairs need of the ledger. SQL text and its reading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from stock_objects.chain import Chain
from stock_sf_loader.copy_into import TABLES
from stock_sf_loader.ledger import Entry, Session

_COLUMNS = (
    "TOPIC, TOPIC_ID, KAFKA_PARTITION, FIRST_OFFSET, LAST_OFFSET, ROW_COUNT, REJECTED, HOLES, LOST, OBJECT_KEY, ETAG, STATUS, REASON, OBJECT_TIME"
)
_CHAIN = "TOPIC = ? AND TOPIC_ID = ? AND KAFKA_PARTITION = ?"
READ_QUARANTINED = f"SELECT {_COLUMNS} FROM RAW.LOADED_FILES WHERE STATUS = 'quarantined' ORDER BY OBJECT_KEY"
READ_KEYS = f"SELECT {_COLUMNS} FROM RAW.LOADED_FILES WHERE {_CHAIN} AND OBJECT_KEY >= ? AND OBJECT_KEY <= ? ORDER BY OBJECT_KEY, FIRST_OFFSET"
READ_OVERLAPS = f"""\
SELECT {_COLUMNS} FROM RAW.LOADED_FILES
WHERE {_CHAIN} AND LAST_OFFSET >= ? AND FIRST_OFFSET <= ? AND (OBJECT_KEY < ? OR OBJECT_KEY > ?)
ORDER BY OBJECT_KEY LIMIT 1"""
REMOVE = f"DELETE FROM RAW.LOADED_FILES WHERE {_CHAIN} AND OBJECT_KEY >= ? AND OBJECT_KEY <= ? AND STATUS = ?"
_PRUNABLE = "LAST_OFFSET IS NOT NULL AND STATUS <> 'pruned' AND SPLIT_PART(OBJECT_KEY, '/dt=', 2) < ?"
READ_PRUNABLE = f"""\
SELECT TOPIC, TOPIC_ID, KAFKA_PARTITION, MAX(LAST_OFFSET) AS LAST_OFFSET, COUNT(*) AS FILES, SUM(IFF(STATUS = 'loaded', ROW_COUNT, 0)) AS ROW_COUNT
FROM RAW.LOADED_FILES
WHERE {_PRUNABLE}
GROUP BY TOPIC, TOPIC_ID, KAFKA_PARTITION
ORDER BY TOPIC, TOPIC_ID, KAFKA_PARTITION"""
PRUNE = f"UPDATE RAW.LOADED_FILES SET STATUS = 'pruned' WHERE {_PRUNABLE} AND TOPIC = ?"
_DELETE_ROWS = "DELETE FROM {} WHERE KAFKA_TOPIC_ID = ? AND KAFKA_PARTITION = ? AND KAFKA_OFFSET >= ? AND KAFKA_OFFSET <= ?"
_UP_TO = "(KAFKA_TOPIC_ID = ? AND KAFKA_PARTITION = ? AND KAFKA_OFFSET <= ?)"
DELETE_ROWS = {topic: _DELETE_ROWS.format(table) for topic, table in TABLES.items()}


class Prunable(NamedTuple):
    """What a chain has before a day: offsets up to `last` in `files` objects, of which `rows` are rows."""

    chain: Chain
    last: int
    files: int
    rows: int


def quarantined(session: Session) -> list[Entry]:
    """Every quarantined object, in key order."""
    return [_entry(row) for row in session.query(READ_QUARANTINED)]


def between(session: Session, chain: Chain, first: str, last: str) -> list[Entry]:
    """The chain's rows with keys from `first` to `last`, in key order."""
    return [_entry(row) for row in session.query(READ_KEYS, (*chain, first, last))]


def overlapping(session: Session, chain: Chain, offsets: tuple[int, int], keys: tuple[str, str]) -> Entry | None:
    """A row whose offsets reach into `offsets` and whose key lies outside of `keys`; both include their ends."""
    rows = session.query(READ_OVERLAPS, (*chain, *offsets, *keys))
    return _entry(rows[0]) if rows else None


def remove(session: Session, chain: Chain, first: str, last: str, status: str) -> int:
    """Takes rows out of the ledger and returns how many."""
    return session.execute(REMOVE, (*chain, first, last, status))


def delete_rows(session: Session, chain: Chain, first: int, last: int) -> int:
    """Takes the offsets from `first` to `last` out of the chain's table and returns how many rows these were."""
    return session.execute(DELETE_ROWS[chain.topic], (*chain[1:], first, last))


def delete_up_to(session: Session, topic: str, parts: Sequence[Prunable]) -> int:
    """Takes the rows of `parts`, which are of `topic`, out of its table by one statement, for the chains share what Snowflake writes anew."""
    return session.execute(delete_up_to_sql(topic, len(parts)), [value for part in parts for value in (*part.chain[1:], part.last)])


def delete_up_to_sql(topic: str, count: int) -> str:
    """DELETE of `count` chains' rows. Binds for each: topic id, partition, last offset."""
    return f"DELETE FROM {TABLES[topic]} WHERE {' OR '.join([_UP_TO] * count)}"


def prunable(session: Session, day: str, topics: Sequence[str]) -> list[Prunable]:
    """What lies before `day` (YYYY-MM-DD, as in the keys) of each chain of `topics` and is not pruned yet. Quarantined objects count as files."""
    return [
        Prunable(Chain(row["topic"], row["topic_id"], int(row["kafka_partition"])), int(row["last_offset"]), int(row["files"]), int(row["row_count"]))
        for row in session.query(READ_PRUNABLE, (day,))
        if row["topic"] in topics
    ]


def prune(session: Session, day: str, topic: str) -> int:
    """Marks what `prunable` tells of `topic` as pruned and returns how many rows of the ledger that were."""
    return session.execute(PRUNE, (day, topic))


def _entry(row: dict[str, Any]) -> Entry:
    first, last = (None if row[name] is None else int(row[name]) for name in ("first_offset", "last_offset"))
    rows, rejected, holes, lost = (int(row[name]) for name in ("row_count", "rejected", "holes", "lost"))
    chain = Chain(row["topic"], row["topic_id"], int(row["kafka_partition"]))
    return Entry(chain, row["object_key"], row["etag"], 0, row["object_time"], first, last, rows, rejected, holes, lost, row["status"], row["reason"])
