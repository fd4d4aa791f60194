"""What a symbol may look like, and how lists of symbols are written.

Example: `split("AAPL, msft # two")` is `("AAPL", "MSFT")`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

MOST_CHARACTERS = 32
PATTERN = rf"[A-Z0-9][A-Z0-9.\-]{{0,{MOST_CHARACTERS - 1}}}"
"""Capital letters, digits, dots and hyphens. The record contract and every setting use the same pattern."""
_SYMBOL = re.compile(PATTERN)
_COMMENT = re.compile(r"#[^\n]*")
_SHOWN_CHARACTERS = 40
"""How much of a wrong symbol an error message quotes."""


def is_symbol(text: str) -> bool:
    """Whether the text is a symbol. Lower case is not."""
    return _SYMBOL.fullmatch(text) is not None


def split(text: str) -> tuple[str, ...]:
    """The words of a list in capitals, each once, in their order.

    Commas and white space separate words. A `#` begins a comment that ends with its line.
    """
    words = re.split(r"[,\s]+", _COMMENT.sub("", text))
    return tuple(dict.fromkeys(word.upper() for word in words if word))


def check(symbols: Sequence[str]) -> None:
    """Raises ValueError that names every text that is not a symbol."""
    wrong = [text[:_SHOWN_CHARACTERS] for text in symbols if not is_symbol(text)]
    if wrong:
        raise ValueError(f"not symbols: {', '.join(wrong)}")
