"""The SQL of a rebuild: statements about RAW's tables and their shadow tables at once. Values are bound."""

from __future__ import annotations

from collections.abc import Sequence

from stock_common import ledger
from stock_common.ledger import TABLES
from stock_sf_loader.columns import Column
from stock_sf_loader.load.ledger_sql import IS_SOUND as _IS_SOUND
from stock_sf_loader.repair.shadow_tables import SUFFIX

_ALL = (*ledger.COLUMNS, ledger.LOADED_AT)
_COLUMNS = ", ".join(_ALL)
_COMPARED = (
    "OBJECT_KEY, TOPIC_ID, KAFKA_PARTITION, FIRST_OFFSET, LAST_OFFSET, ROW_COUNT, REJECTED, HOLES, LOST,"
    " ETAG, STATUS"
)
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
# Pruned objects, and objects without a place, are not loaded again. So the shadow ledger begins with them.
SEED = f"""\
INSERT INTO RAW.LOADED_FILES{SUFFIX} ({_COLUMNS})
SELECT {", ".join(f"HELD.{name}" for name in _ALL)}
FROM RAW.LOADED_FILES AS HELD
LEFT JOIN (
  SELECT TOPIC_ID, KAFKA_PARTITION, MAX(LAST_OFFSET) AS LAST_OFFSET FROM RAW.LOADED_FILES
  WHERE TOPIC = ? AND STATUS = 'pruned' AND {_IS_SOUND} GROUP BY TOPIC_ID, KAFKA_PARTITION
) AS PRUNED ON PRUNED.TOPIC_ID = HELD.TOPIC_ID AND PRUNED.KAFKA_PARTITION = HELD.KAFKA_PARTITION
WHERE HELD.TOPIC = ? AND (HELD.LAST_OFFSET IS NULL OR HELD.LAST_OFFSET <= PRUNED.LAST_OFFSET)"""
NOT_REBUILT = f"""\
SELECT {_COMPARED} FROM RAW.LOADED_FILES WHERE TOPIC = ? AND LAST_OFFSET IS NOT NULL
MINUS
SELECT {_COMPARED} FROM RAW.LOADED_FILES{SUFFIX} WHERE TOPIC = ? AND LAST_OFFSET IS NOT NULL
ORDER BY OBJECT_KEY LIMIT 5"""
_UP_TO = "(TOPIC_ID = ? AND KAFKA_PARTITION = ? AND LAST_OFFSET <= ?)"
# Only rows with a place are replaced. Those without one are the loader's decisions, and stay.
EMPTY_LEDGER = "DELETE FROM RAW.LOADED_FILES WHERE TOPIC = ? AND LAST_OFFSET IS NOT NULL"
FILL_LEDGER = f"""\
INSERT INTO RAW.LOADED_FILES ({_COLUMNS})
SELECT {_COLUMNS} FROM RAW.LOADED_FILES{SUFFIX} WHERE TOPIC = ? AND LAST_OFFSET IS NOT NULL"""


def count_files(chains: int) -> str:
    """Count of a topic's ledger rows, of `chains` chains up to an offset each.

    Binds: the topic, then topic id, partition and last offset of each chain.
    """
    where = " OR ".join([_UP_TO] * chains) or "1 = 0"
    return f"""\
SELECT COUNT(*) AS FILES, COUNT(DISTINCT OBJECT_KEY) AS OBJECTS FROM RAW.LOADED_FILES
WHERE TOPIC = ? AND ({where})"""


def make_table(topic: str) -> str:
    return f"CREATE TABLE IF NOT EXISTS {TABLES[topic].name}{SUFFIX} LIKE {TABLES[topic].name}"


def drop_table(topic: str) -> str:
    return f"DROP TABLE IF EXISTS {TABLES[topic].name}{SUFFIX}"


def empty_table(topic: str) -> str:
    """DELETE, not TRUNCATE, which is DDL and would commit."""
    return f"DELETE FROM {TABLES[topic].name}"


def fill_table(topic: str, columns: Sequence[Column]) -> str:
    table, names = TABLES[topic].name, ", ".join(column.quoted for column in columns)
    return f"INSERT INTO {table} ({names})\nSELECT {names} FROM {table}{SUFFIX}"
