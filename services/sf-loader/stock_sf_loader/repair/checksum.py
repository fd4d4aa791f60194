"""The comparison of two tables by counts and sums of whole numbers, made of every column, chain by chain.

HASH is not used: Snowflake does not document its algorithm, so its number can be compared with nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stock_common.ledger import LOADED_AT, TABLES
from stock_objects.chain import Chain
from stock_sf_loader.columns import Column
from stock_sf_loader.load.ledger import Session
from stock_sf_loader.repair.ledger_rows import UP_TO

_WEIGHT = "(1 + MOD(KAFKA_OFFSET, 997))"
"""With weights, two rows that have exchanged their values give another sum."""


def number(column: Column) -> str:
    """SQL for a whole number: the length of a text, all digits of a decimal, the microseconds of a time."""
    name = column.quoted
    if column.kind == "NUMBER":
        return f"CAST({name} * {10**column.scale} AS NUMBER(38, 0))"
    if column.kind == "BOOLEAN":
        return f"IFF({name}, 1, 0)"
    if column.kind == "DATE":
        return f"DATEDIFF('day', DATE_FROM_PARTS(1970, 1, 1), {name})"
    if column.kind.startswith("TIMESTAMP"):
        return f"DATE_PART('EPOCH_MICROSECOND', {name})"
    return f"LENGTH({name})"


def statement(table: str, of: Sequence[Column], chains: int | None) -> str:
    """SELECT of one row for each chain, with sums of every column but LOADED_AT, which may differ.

    chains: so many chains only, each up to an offset. Binds for each: topic id, partition, last offset.
    None: the whole table.
    """
    parts = ["COUNT(*) AS ROW_COUNT", "COUNT(DISTINCT KAFKA_OFFSET) AS OFFSETS"]
    for column in of:
        if column.name == LOADED_AT:
            continue
        name = column.quoted
        parts.append(f'COUNT({name}) AS "{column.name}_COUNT"')
        parts.append(f'SUM({number(column)} * {_WEIGHT}) AS "{column.name}_SUM"')
        parts += [f'{what}({name}) AS "{column.name}_{what}"' for what in ("MIN", "MAX")]
    where = "" if chains is None else f"\nWHERE {' OR '.join([UP_TO] * chains) or '1 = 0'}"
    sums = ",\n  ".join(parts)
    return f"""\
SELECT KAFKA_TOPIC_ID, KAFKA_PARTITION,
  {sums}
FROM {table}{where}
GROUP BY KAFKA_TOPIC_ID, KAFKA_PARTITION"""


def sums(
    session: Session, topic: str, of: Sequence[Column], ends: Mapping[Chain, int] | None = None
) -> dict[Chain, dict[str, Any]]:
    """Chain → its sums, of the topic's whole table, or of the chains in `ends` up to their offsets."""
    binds = [value for chain, last in (ends or {}).items() for value in (*chain[1:], last)]
    rows = session.query(statement(TABLES[topic].name, of, None if ends is None else len(ends)), binds)
    return {
        Chain(topic, row["kafka_topic_id"], int(row["kafka_partition"])): {
            name: value for name, value in row.items() if name not in ("kafka_topic_id", "kafka_partition")
        }
        for row in rows
    }


def differences(old: Mapping[Chain, Mapping[str, Any]], new: Mapping[Chain, Mapping[str, Any]]) -> list[str]:
    """A sentence for each chain that differs."""
    found = []
    for chain in sorted(old.keys() | new.keys()):
        one, other = old.get(chain, {}), new.get(chain, {})
        names = [name for name in {**one, **other} if one.get(name) != other.get(name)]
        if names:
            rows = f"{one.get('row_count', 0)} rows in the table, {other.get('row_count', 0)} rebuilt"
            place = f"{chain.topic}/{chain.partition} ({chain.topic_id})"
            found.append(f"{place}: {rows}; these differ: {', '.join(names)}")
    return found
