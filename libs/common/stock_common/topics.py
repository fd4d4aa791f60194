"""The Kafka topics: names, partition counts, retention, and the schema that each carries. Key = symbol."""

from __future__ import annotations

from dataclasses import dataclass

from stock_common.records import Alert, Bar, Quote, Record

DAY_MS = 24 * 60 * 60 * 1000
SCHEMA_HEADER = "schema"


@dataclass(frozen=True)
class Topic:
    """`schema` is the value of the header `schema`, empty where a topic's values have none."""

    name: str
    partitions: int
    retention_ms: int
    schema: str = ""
    compacted: bool = False


@dataclass(frozen=True)
class RecordTopic(Topic):
    """A topic whose values are records of one kind: what goes to S3 and Snowflake."""

    record: type[Record] = Quote


QUOTES = RecordTopic("stock-data", 6, 7 * DAY_MS, "stock-quote/1", record=Quote)
ALERTS = RecordTopic("stock-alerts", 3, 7 * DAY_MS, "stock-alert/1", record=Alert)
BARS = RecordTopic("stock-bars", 3, 7 * DAY_MS, "stock-bar/1", record=Bar)
DEAD_LETTERS = Topic("stock-dlq", 3, 30 * DAY_MS)
DECISIONS = Topic("stock-decisions", 1, 7 * DAY_MS, "stock-decision/1", compacted=True)
"""What operators decided: dead letters replayed, losses accepted. No key comes twice, so all are kept."""
STATUS = Topic("stock-status", 1, 7 * DAY_MS, "stock-status/1", compacted=True)

SUNK = (QUOTES, ALERTS, BARS)
"""The topics whose records go to S3 and Snowflake."""
ALL: tuple[Topic, ...] = (*SUNK, DEAD_LETTERS, DECISIONS, STATUS)
