"""The rebuild's SQL, as text: statements that speak of RAW's tables and of those beside them at once. Values are bound."""

from __future__ import annotations

from collections.abc import Sequence

from stock_sf_loader.beside import SUFFIX
from stock_sf_loader.checksum import Column
from stock_sf_loader.copy_into import TABLES

_COLUMNS = (
    "TOPIC, TOPIC_ID, KAFKA_PARTITION, FIRST_OFFSET, LAST_OFFSET, ROW_COUNT, REJECTED, HOLES, LOST, OBJECT_KEY, ETAG, STATUS, REASON, "
    "OBJECT_TIME, LOADED_AT"
)
_COMPARED = "OBJECT_KEY, TOPIC_ID, KAFKA_PARTITION, FIRST_OFFSET, LAST_OFFSET, ROW_COUNT, REJECTED, HOLES, LOST, ETAG, STATUS"
MAKE_LEDGER = f"CREATE TABLE IF NOT EXISTS RAW.LOADED_FILES{SUFFIX} LIKE RAW.LOADED_FILES"
MAKE_LEASE = f"CREATE TABLE IF NOT EXISTS RAW.LOADER_LEASE{SUFFIX} LIKE RAW.LOADER_LEASE"
FILL_LEASE = f"""\
MERGE INTO RAW.LOADER_LEASE{SUFFIX} AS LEASE
USING (SELECT 'loader' AS NAME) AS WANTED ON LEASE.NAME = WANTED.NAME
WHEN NOT MATCHED THEN INSERT (NAME, HOLDER, FENCE) VALUES (WANTED.NAME, NULL, 0)"""
DROP_LEDGER = f"DROP TABLE IF EXISTS RAW.LOADED_FILES{SUFFIX}"
DROP_LEASE = f"DROP TABLE IF EXISTS RAW.LOADER_LEASE{SUFFIX}"
COUNT_BEGUN = f"SELECT COUNT(*) AS FILES FROM RAW.LOADED_FILES{SUFFIX} WHERE TOPIC = ?"
COUNT_LEFT = f"SELECT COUNT(*) AS FILES FROM RAW.LOADED_FILES{SUFFIX}"
FORGET = f"DELETE FROM RAW.LOADED_FILES{SUFFIX} WHERE TOPIC = ?"
# What was pruned is not loaded again, nor is what has no place.
SEED = f"""\
INSERT INTO RAW.LOADED_FILES{SUFFIX} ({_COLUMNS})
SELECT {", ".join(f"HELD.{name}" for name in _COLUMNS.split(", "))}
FROM RAW.LOADED_FILES AS HELD
LEFT JOIN (
  SELECT TOPIC_ID, KAFKA_PARTITION, MAX(LAST_OFFSET) AS LAST_OFFSET FROM RAW.LOADED_FILES
  WHERE TOPIC = ? AND STATUS = 'pruned' GROUP BY TOPIC_ID, KAFKA_PARTITION
) AS PRUNED ON PRUNED.TOPIC_ID = HELD.TOPIC_ID AND PRUNED.KAFKA_PARTITION = HELD.KAFKA_PARTITION
WHERE HELD.TOPIC = ? AND (HELD.LAST_OFFSET IS NULL OR HELD.LAST_OFFSET <= PRUNED.LAST_OFFSET)"""
NOT_REBUILT = f"""\
SELECT {_COMPARED} FROM RAW.LOADED_FILES WHERE TOPIC = ? AND LAST_OFFSET IS NOT NULL
MINUS
SELECT {_COMPARED} FROM RAW.LOADED_FILES{SUFFIX} WHERE TOPIC = ? AND LAST_OFFSET IS NOT NULL
ORDER BY OBJECT_KEY LIMIT 5"""
_UP_TO = "(TOPIC_ID = ? AND KAFKA_PARTITION = ? AND LAST_OFFSET <= ?)"
# The ledger's placed rows only: those without a place are the loader's own, and stay.
EMPTY_LEDGER = "DELETE FROM RAW.LOADED_FILES WHERE TOPIC = ? AND LAST_OFFSET IS NOT NULL"
FILL_LEDGER = f"""\
INSERT INTO RAW.LOADED_FILES ({_COLUMNS})
SELECT {_COLUMNS} FROM RAW.LOADED_FILES{SUFFIX} WHERE TOPIC = ? AND LAST_OFFSET IS NOT NULL"""


def count_files(chains: int) -> str:
    """Ledger rows of a topic, those of each of `chains` chains up to an offset only. Binds: topic; topic id, partition, last offset of each."""
    where = " OR ".join([_UP_TO] * chains) or "1 = 0"
    return f"SELECT COUNT(*) AS FILES, COUNT(DISTINCT OBJECT_KEY) AS OBJECTS FROM RAW.LOADED_FILES WHERE TOPIC = ? AND ({where})"


def make_table(topic: str) -> str:
    return f"CREATE TABLE IF NOT EXISTS {TABLES[topic]}{SUFFIX} LIKE {TABLES[topic]}"


def drop_table(topic: str) -> str:
    return f"DROP TABLE IF EXISTS {TABLES[topic]}{SUFFIX}"


def empty_table(topic: str) -> str:
    """DELETE, not TRUNCATE: that is DDL, and would commit."""
    return f"DELETE FROM {TABLES[topic]}"


def fill_table(topic: str, columns: Sequence[Column]) -> str:
    names = ", ".join(column.quoted for column in columns)
    return f"INSERT INTO {TABLES[topic]} ({names})\nSELECT {names} FROM {TABLES[topic]}{SUFFIX}"
