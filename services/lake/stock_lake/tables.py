"""The lake's tables: the topic of each, its columns and its order. The columns follow from the contract."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
from msgspec import inspect

from stock_common import topics
from stock_common.topics import RecordTopic

PRICE = pa.decimal128(18, 6)
INSTANT = pa.timestamp("us", tz="UTC")
LINEAGE = (
    pa.field("kafka_topic_id", pa.string(), nullable=False),
    pa.field("kafka_partition", pa.int32(), nullable=False),
    pa.field("kafka_offset", pa.int64(), nullable=False),
    pa.field("kafka_time", INSTANT, nullable=False),
)
PLACE = ("kafka_topic_id", "kafka_partition", "kafka_offset")
"""What tells one row from every other."""
DAY = pa.field("day", pa.date32(), nullable=False)
"""The day of the chain, from the keys of its links. It is the same in every row of a file."""
_UNIQUE = ("event_id", "alert_id", "message")
_ARROW: dict[type[inspect.Type], pa.DataType] = {
    inspect.StrType: pa.string(),
    inspect.DecimalType: PRICE,
    inspect.IntType: pa.int64(),
    inspect.BoolType: pa.bool_(),
    inspect.DateType: pa.date32(),
    inspect.DateTimeType: INSTANT,
}


@dataclass(frozen=True)
class Table:
    """One topic in the lake.

    time: the column that a symbol's rows are ordered by.
    known: when the pipeline knew of the row.
    """

    name: str
    topic: RecordTopic
    time: str
    known: str

    @cached_property
    def fields(self) -> tuple[pa.Field, ...]:
        """The columns of a record."""
        found = inspect.type_info(self.topic.record).fields  # type: ignore[attr-defined]
        return tuple(_field(each.name, each.type) for each in found)

    @cached_property
    def linked(self) -> pa.Schema:
        """The columns of an object of the chain."""
        return pa.schema([*self.fields, *LINEAGE])

    @cached_property
    def schema(self) -> pa.Schema:
        """The columns of the lake's files."""
        return self.linked.append(DAY)

    @property
    def order(self) -> tuple[str, ...]:
        """The order of a file's rows. It is total, so the same rows give the same bytes."""
        return ("symbol", self.time, self.fields[0].name, *PLACE)

    @property
    def repeated(self) -> list[str]:
        """The columns that are worth a dictionary."""
        texts = [f.name for f in self.schema if pa.types.is_string(f.type) and f.name not in _UNIQUE]
        return [*texts, DAY.name]


def _field(name: str, kind: inspect.Type) -> pa.Field:
    options = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    [own] = [each for each in options if not isinstance(each, inspect.NoneType)]
    return pa.field(name, _ARROW[type(own)], nullable=len(options) > 1)


QUOTES = Table("quotes", topics.QUOTES, time="fetched_at", known="fetched_at")
ALERTS = Table("alerts", topics.ALERTS, time="triggered_at", known="triggered_at")
BARS = Table("bars", topics.BARS, time="starts_at", known="fetched_at")
TABLES = (QUOTES, ALERTS, BARS)
