"""Whether two tables hold the same: counts and sums of whole numbers, made of every column, chain by chain. SQL text, and what differs.

No HASH: what its number is stands nowhere, so it could not be compared with anything but itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from stock_objects.chain import Chain
from stock_sf_loader.copy_into import TABLES
from stock_sf_loader.ledger import Session

READ_COLUMNS = """\
SELECT COLUMN_NAME, DATA_TYPE, NUMERIC_SCALE FROM INFORMATION_SCHEMA.COLUMNS
WHERE TABLE_SCHEMA = 'RAW' AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION"""
LOADED_AT = "LOADED_AT"
"""The time of loading, which alone may differ."""
_WEIGHT = "(1 + MOD(KAFKA_OFFSET, 997))"
"""So that two rows that have got each other's values do not sum up to the same."""
_UP_TO = "(KAFKA_TOPIC_ID = ? AND KAFKA_PARTITION = ? AND KAFKA_OFFSET <= ?)"


class Column(NamedTuple):
    name: str
    kind: str
    scale: int

    @property
    def quoted(self) -> str:
        return f'"{self.name}"'

    def number(self) -> str:
        """SQL for a whole number made of a value: of text its length, of a decimal all its digits, of a time its microseconds."""
        name = self.quoted
        if self.kind == "NUMBER":
            return f"CAST({name} * {10**self.scale} AS NUMBER(38, 0))"
        if self.kind == "BOOLEAN":
            return f"IFF({name}, 1, 0)"
        if self.kind == "DATE":
            return f"DATEDIFF('day', CAST('1970-01-01' AS DATE), {name})"
        if self.kind.startswith("TIMESTAMP"):
            return f"DATE_PART('EPOCH_MICROSECOND', {name})"
        return f"LENGTH({name})"


def columns(session: Session, table: str) -> list[Column]:
    """The columns of a table of RAW, in order."""
    rows = session.query(READ_COLUMNS, (table.removeprefix("RAW."),))
    return [Column(row["column_name"], row["data_type"].upper(), int(row["numeric_scale"] or 0)) for row in rows]


def statement(table: str, of: Sequence[Column], chains: int | None) -> str:
    """One row a chain. `chains` of them only, each up to an offset that is bound after its id and partition; None: the whole table."""
    parts = ["COUNT(*) AS ROW_COUNT", "COUNT(DISTINCT KAFKA_OFFSET) AS OFFSETS"]
    for column in of:
        if column.name == LOADED_AT:
            continue
        name = column.quoted
        parts.append(f'COUNT({name}) AS "{column.name}_COUNT"')
        parts.append(f'SUM({column.number()} * {_WEIGHT}) AS "{column.name}_SUM"')
        parts += [f'{what}({name}) AS "{column.name}_{what}"' for what in ("MIN", "MAX")]
    where = "" if chains is None else f"\nWHERE {' OR '.join([_UP_TO] * chains) or '1 = 0'}"
    sums = ",\n  ".join(parts)
    return f"SELECT KAFKA_TOPIC_ID, KAFKA_PARTITION,\n  {sums}\nFROM {table}{where}\nGROUP BY KAFKA_TOPIC_ID, KAFKA_PARTITION"


def sums(session: Session, topic: str, of: Sequence[Column], ends: Mapping[Chain, int] | None = None) -> dict[Chain, dict[str, Any]]:
    """Each chain's sums of the topic's table; only up to each offset in `ends` where it is given."""
    binds = [value for chain, last in (ends or {}).items() for value in (*chain[1:], last)]
    rows = session.query(statement(TABLES[topic], of, None if ends is None else len(ends)), binds)
    return {
        Chain(topic, row["kafka_topic_id"], int(row["kafka_partition"])): {
            name: value for name, value in row.items() if name not in ("kafka_topic_id", "kafka_partition")
        }
        for row in rows
    }


def differences(old: Mapping[Chain, Mapping[str, Any]], new: Mapping[Chain, Mapping[str, Any]]) -> list[str]:
    """What differs, chain by chain, for a person."""
    found = []
    for chain in sorted(old.keys() | new.keys()):
        one, other = old.get(chain, {}), new.get(chain, {})
        names = [name for name in (*one, *(name for name in other if name not in one)) if one.get(name) != other.get(name)]
        if names:
            rows = f"{one.get('row_count', 0)} rows in the table, {other.get('row_count', 0)} rebuilt"
            found.append(f"{chain.topic}/{chain.partition} ({chain.topic_id}): {rows}; these differ: {', '.join(names)}")
    return found
