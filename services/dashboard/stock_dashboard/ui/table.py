"""Tables that are drawn in place: their columns, and the browser part that draws them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeVar

import pyarrow as pa

from stock_dashboard.ui import address
from stock_dashboard.ui.part import part

ROWS_LIMIT = 500
SCRIPTS = ("choose.js", "format.js", "columns.js", "keyboard.js", "ticker.js")
NEVER_OLD = 1e12
"""Seconds of no row's age."""


class Column(NamedTuple):
    """A column of rows, for the table on the page and for the file.

    name: the row's field. A column that is shown has the same name in static/columns.js.
    kind: its type in a file, None where a file does not have it.
    file_name: its name in a file where that is not `name`.
    sorted_by: the field that it is sorted by where that is not `name`.
    shown: whether the table has it.
    """

    name: str
    kind: pa.DataType | None = None
    file_name: str | None = None
    sorted_by: str | None = None
    shown: bool = True


class TableRow(Protocol):
    """A row. It has a field for each column of its table."""

    @property
    def symbol(self) -> str: ...

    def cells(self) -> dict[str, Any]:
        """What the browser draws the row from, as JSON values, with a `key` that no other row has."""
        ...


R = TypeVar("R", bound=TableRow)


class TableOptions(NamedTuple):
    """How a table is drawn.

    fixed: the rows stay in their order, and there is no filter.
    moves: the table says how many rows rose and fell.
    empty: what a table without rows says.
    """

    label: str
    columns: tuple[Column, ...]
    noun: str = "symbols"
    fixed: bool = False
    moves: bool = True
    empty: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.shown)


class Choice(NamedTuple):
    """Sort and filter. sort: a column and its direction, `price:desc`. list: words, see `selected`."""

    sort: str | None = None
    list: str | None = None


AS_IT_COMES = Choice()


def fields(columns: Iterable[Column]) -> tuple[tuple[str, pa.DataType], ...]:
    """Name and type of each column of a file."""
    return tuple((column.file_name or column.name, column.kind) for column in columns if column.kind)


def file_rows(rows: Iterable[object], columns: Sequence[Column]) -> list[dict[str, Any]]:
    """The rows of a file."""
    kept = [(column.file_name or column.name, column.name) for column in columns if column.kind]
    return [{file_name: getattr(row, name) for file_name, name in kept} for row in rows]


def show(
    rows: Sequence[dict[str, Any]],
    now: datetime,
    options: TableOptions,
    *,
    key: str,
    choice: Choice = AS_IT_COMES,
    old_after: float = NEVER_OLD,
) -> None:
    """Draws a table from its rows' cells. A row opens its symbol.

    choice: sort and filter as the address has them. old_after: seconds of age from which a row is dimmed.
    """
    drawn = options._asdict() | {"columns": options.names}
    data = {
        "rows": with_units(rows[:ROWS_LIMIT]),
        "now": now.timestamp(),
        "page": address.page(),
        "taken": address.taken(),
        **choice._asdict(),
        "old_after": old_after,
        **drawn,
    }
    part("ticker", *SCRIPTS)(key=key, data=data)


def with_units(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, each with the `unit` of its price where they have several currencies. It is markup-free."""
    if len({row.get("currency") for row in rows}) < 2:
        return list(rows)
    return [{**row, "unit": _letters(row.get("currency") or "")} for row in rows]


def _letters(currency: str) -> str:
    return "".join(filter(str.isalnum, currency))


def show_sortable(
    rows: Sequence[R],
    now: datetime,
    options: TableOptions,
    *,
    key: str,
    sort: str | None = None,
    old_after: float = NEVER_OLD,
) -> list[R]:
    """Draws a table whose sort and filter are in the address. Returns the rows as a person sees them.

    sort: the sort where the address has none.
    """
    kept = list(rows[:ROWS_LIMIT])
    choice = Choice(address.read("sort") or sort, address.read("list"))
    show([row.cells() for row in kept], now, options, key=key, choice=choice, old_after=old_after)
    return selected(kept, choice, options)


def selected(rows: Sequence[R], choice: Choice, options: TableOptions) -> list[R]:
    """The rows, filtered and sorted as the browser does it."""
    kept = _filtered(rows, choice.list or "")
    name, _, direction = (choice.sort or "").partition(":")
    if options.fixed or name not in options.names:
        return kept
    field = next(column.sorted_by or name for column in options.columns if column.name == name)
    return _sorted(kept, field, descending=direction == "desc")


def _filtered(rows: Sequence[R], words: str) -> list[R]:
    """The rows whose symbol has one of the words in it, all rows where there is no word."""
    wanted = words.upper().replace(",", " ").split()
    return [row for row in rows if not wanted or any(word in row.symbol for word in wanted)]


def _sorted(rows: Sequence[R], field: str, descending: bool) -> list[R]:
    """The rows by a field, equal ones by symbol. Rows without a value are last in both directions."""
    with_value = [row for row in rows if getattr(row, field, None) is not None]
    without = [row for row in rows if getattr(row, field, None) is None]
    with_value.sort(key=lambda row: row.symbol)
    with_value.sort(key=lambda row: getattr(row, field), reverse=descending)
    return with_value + without
