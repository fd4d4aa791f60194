"""The columns of a table of RAW, as the warehouse describes them."""

from __future__ import annotations

from typing import NamedTuple

from stock_sf_loader.load.ledger import Session

READ_COLUMNS = """\
SELECT COLUMN_NAME, DATA_TYPE, NUMERIC_SCALE FROM INFORMATION_SCHEMA.COLUMNS
WHERE TABLE_SCHEMA = 'RAW' AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION"""


class Column(NamedTuple):
    """`kind` is Snowflake's data type, `scale` the digits of a NUMBER after the point."""

    name: str
    kind: str
    scale: int

    @property
    def quoted(self) -> str:
        return f'"{self.name}"'


def columns(session: Session, table: str) -> list[Column]:
    """The columns of `table` (RAW.X), in order."""
    rows = session.query(READ_COLUMNS, (table.removeprefix("RAW."),))
    return [
        Column(row["column_name"], row["data_type"].upper(), int(row["numeric_scale"] or 0)) for row in rows
    ]
