"""The ledger RAW.LOADED_FILES and the tables of the topics, by name. The SQL is where it is used.

The loader writes the ledger and the auditor reads it. `tests/contract` compares the columns with the DDL.
"""

from __future__ import annotations

from typing import NamedTuple

from stock_common.topics import ALERTS, BARS, QUOTES

LEDGER = "RAW.LOADED_FILES"
LEASE = "RAW.LOADER_LEASE"

LOADED = "loaded"
QUARANTINED = "quarantined"
"""Nothing of the object is in its table, and REASON says why."""
PRUNED = "pruned"
"""The object's rows were taken out of the table on purpose."""

CHAIN_COLUMNS = ("TOPIC", "TOPIC_ID", "KAFKA_PARTITION")
COUNT_COLUMNS = ("FIRST_OFFSET", "LAST_OFFSET", "ROW_COUNT", "REJECTED", "HOLES", "LOST")
"""FIRST_OFFSET and LAST_OFFSET are NULL for an object without a place in its chain."""
OBJECT_COLUMNS = ("OBJECT_KEY", "ETAG", "STATUS", "REASON", "OBJECT_TIME")
COLUMNS = (*CHAIN_COLUMNS, *COUNT_COLUMNS, *OBJECT_COLUMNS)
"""What a loader writes, in the table's order. The warehouse adds LOADED_AT."""
LOADED_AT = "LOADED_AT"


class Table(NamedTuple):
    """A topic's table. `identity` is the column that a resent record has in common with its first copy."""

    name: str
    identity: str


TABLES = {
    QUOTES.name: Table("RAW.STOCK_QUOTES", "EVENT_ID"),
    ALERTS.name: Table("RAW.STOCK_ALERTS", "ALERT_ID"),
    BARS.name: Table("RAW.STOCK_BARS", "EVENT_ID"),
}
"""Topic → table."""
