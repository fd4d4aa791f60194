"""Text from elsewhere, for a terminal: what a terminal would obey or hide is shown as an escape.

Example: `printable("IBM\\x1b[2J")` is the text `IBM\\u001b[2J`, which clears no screen.
"""

from __future__ import annotations

import json
from typing import TextIO

MOST = 200
"""Characters of a value that are shown, where the caller names no other number."""
CUT = "…"


def printable(value: object, most: int = MOST) -> str:
    """`value` as one line of at most `most` characters, its end marked where it was cut.

    Control characters, escapes, ends of lines, text direction marks, and what has no width become
    JSON's escapes. A line of JSON stays JSON therefore.
    """
    text = str(value)[: most + 1]
    shown = _escaped(text)
    return shown if len(shown) <= most else shown[: most - 1] + CUT


def visible(text: str) -> str:
    """The same for text of any length in lines. The ends of its lines stay."""
    return "\n".join(map(_escaped, text.split("\n")))


def say(text: object, file: TextIO | None = None) -> None:
    """Prints text, on stdout unless `file` is given. All that commands print goes through here."""
    print(visible(str(text)), file=file, flush=True)


def _escaped(line: str) -> str:
    if line.isprintable():
        return line
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in line)
