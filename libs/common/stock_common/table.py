"""Tables of plain text, for commands.

Example: `lines([("symbol", "rows"), ("AAPL", 12)])` is `["symbol  rows", "AAPL      12"]`.
"""

from __future__ import annotations

from collections.abc import Sequence

from stock_common.printable import printable

GAP = "  "


def lines(rows: Sequence[Sequence[object]], left: int = 1) -> list[str]:
    """A line for each row, in columns as wide as their widest cell.

    rows: of one length each. A heading is a row like any other.
    left: how many of the first columns are flush left, for text. The others are flush right, for numbers.
    A cell is shown by `printable`: it cannot move the cursor, and its length has a limit.
    No line ends in a space. Raises ValueError when the rows differ in length.
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        GAP.join(
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]


def text(rows: Sequence[Sequence[object]], left: int = 1) -> str:
    """The lines as one text. See `lines`."""
    return "\n".join(lines(rows, left))
