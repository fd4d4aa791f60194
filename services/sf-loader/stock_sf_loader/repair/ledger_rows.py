"""Single rows of RAW.LOADED_FILES, and the table rows of their objects, read and changed for the repairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from stock_common.ledger import COLUMNS, TABLES
from stock_objects.chain import Chain
from stock_sf_loader.load.ledger import Entry, Session
from stock_sf_loader.load.ledger_sql import IS_SOUND

_COLUMNS = ", ".join(COLUMNS)
_CHAIN = "TOPIC = ? AND TOPIC_ID = ? AND KAFKA_PARTITION = ?"
READ_QUARANTINED = f"SELECT {_COLUMNS} FROM RAW.LOADED_FILES WHERE STATUS = 'quarantined' ORDER BY OBJECT_KEY"
READ_KEYS = f"""\
SELECT {_COLUMNS} FROM RAW.LOADED_FILES
WHERE {_CHAIN} AND OBJECT_KEY >= ? AND OBJECT_KEY <= ?
ORDER BY OBJECT_KEY, FIRST_OFFSET"""
READ_OVERLAPS = f"""\
SELECT {_COLUMNS} FROM RAW.LOADED_FILES
WHERE {_CHAIN} AND LAST_OFFSET >= ? AND FIRST_OFFSET <= ? AND (OBJECT_KEY < ? OR OBJECT_KEY > ?)
ORDER BY OBJECT_KEY LIMIT 1"""
REMOVE = f"""\
DELETE FROM RAW.LOADED_FILES WHERE {_CHAIN} AND OBJECT_KEY >= ? AND OBJECT_KEY <= ? AND STATUS = ?"""
# What is not sound must not say up to where rows are deleted.
_PRUNABLE = f"{IS_SOUND} AND STATUS <> 'pruned' AND SPLIT_PART(OBJECT_KEY, '/dt=', 2) < ?"
READ_PRUNABLE = f"""\
SELECT TOPIC, TOPIC_ID, KAFKA_PARTITION, MAX(LAST_OFFSET) AS LAST_OFFSET, COUNT(*) AS FILES,
  SUM(IFF(STATUS = 'loaded', ROW_COUNT, 0)) AS ROW_COUNT
FROM RAW.LOADED_FILES
WHERE {_PRUNABLE}
GROUP BY TOPIC, TOPIC_ID, KAFKA_PARTITION
ORDER BY TOPIC, TOPIC_ID, KAFKA_PARTITION"""
PRUNE = f"UPDATE RAW.LOADED_FILES SET STATUS = 'pruned' WHERE {_PRUNABLE} AND TOPIC = ?"
_RELEASE = """\
DELETE FROM RAW.LOADED_FILES
WHERE STATUS = 'quarantined' AND FIRST_OFFSET IS NULL AND LAST_OFFSET IS NULL AND OBJECT_KEY IN ({})"""
_DELETE_ROWS = """\
DELETE FROM {}
WHERE KAFKA_TOPIC_ID = ? AND KAFKA_PARTITION = ? AND KAFKA_OFFSET >= ? AND KAFKA_OFFSET <= ?"""
DELETE_ROWS = {topic: _DELETE_ROWS.format(table.name) for topic, table in TABLES.items()}
UP_TO = "(KAFKA_TOPIC_ID = ? AND KAFKA_PARTITION = ? AND KAFKA_OFFSET <= ?)"
"""One chain's rows up to an offset. Binds: topic id, partition, last offset."""


class Prunable(NamedTuple):
    """A chain's part before a day: `files` objects with offsets up to `last`, and their `rows`."""

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


def overlapping(
    session: Session, chain: Chain, offsets: tuple[int, int], keys: tuple[str, str]
) -> Entry | None:
    """A row with some of `offsets` and a key outside of `keys`. Both ranges include their ends."""
    rows = session.query(READ_OVERLAPS, (*chain, *offsets, *keys))
    return _entry(rows[0]) if rows else None


def remove(session: Session, chain: Chain, first: str, last: str, status: str) -> int:
    """Deletes the chain's ledger rows of `status` with keys from `first` to `last`. Returns how many."""
    return session.execute(REMOVE, (*chain, first, last, status))


def release(session: Session, keys: Sequence[str]) -> int:
    """Deletes the rows of the quarantined objects `keys` that have no place. Returns how many."""
    return session.execute(release_sql(len(keys)), keys)


def release_sql(count: int) -> str:
    """DELETE of `count` objects' rows. Binds: their keys."""
    return _RELEASE.format(", ".join("?" * count))


def delete_rows(session: Session, chain: Chain, first: int, last: int) -> int:
    """Deletes the offsets from `first` to `last` from the chain's table. Returns how many rows."""
    return session.execute(DELETE_ROWS[chain.topic], (*chain[1:], first, last))


def delete_up_to(session: Session, topic: str, parts: Sequence[Prunable]) -> int:
    """Deletes the rows of `parts`, all of `topic`, and returns how many.

    It is one statement, because the chains share the storage that Snowflake writes again for a DELETE.
    """
    return session.execute(
        delete_up_to_sql(topic, len(parts)),
        [value for part in parts for value in (*part.chain[1:], part.last)],
    )


def delete_up_to_sql(topic: str, count: int) -> str:
    """DELETE of `count` chains' rows. Binds for each: topic id, partition, last offset."""
    return f"DELETE FROM {TABLES[topic].name} WHERE {' OR '.join([UP_TO] * count)}"


def prunable(session: Session, day: str, topics: Sequence[str]) -> list[Prunable]:
    """What each chain of `topics` has before `day` (YYYY-MM-DD, as in the keys) and is not pruned yet.

    Quarantined objects count as files.
    """
    return [
        Prunable(_chain(row), int(row["last_offset"]), int(row["files"]), int(row["row_count"]))
        for row in session.query(READ_PRUNABLE, (day,))
        if row["topic"] in topics
    ]


def prune(session: Session, day: str, topic: str) -> int:
    """Marks the topic's `prunable` objects as pruned and returns how many rows of the ledger these were."""
    return session.execute(PRUNE, (day, topic))


def _chain(row: dict[str, Any]) -> Chain:
    return Chain(row["topic"], row["topic_id"], int(row["kafka_partition"]))


def _entry(row: dict[str, Any]) -> Entry:
    first, last = (None if row[name] is None else int(row[name]) for name in ("first_offset", "last_offset"))
    rows, rejected, holes, lost = (int(row[name]) for name in ("row_count", "rejected", "holes", "lost"))
    return Entry(
        chain=_chain(row),
        key=row["object_key"],
        etag=row["etag"],
        size=0,
        modified=row["object_time"],
        first=first,
        last=last,
        rows=rows,
        rejected=rejected,
        holes=holes,
        lost=lost,
        status=row["status"],
        reason=row["reason"],
    )
