"""Lists of symbols: in a variable, or in a file that is watched while the producer runs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9.\-]{0,31}")
_COMMENT = re.compile(r"#[^\n]*")
LOOK_EVERY = timedelta(seconds=5)


def split(text: str) -> tuple[str, ...]:
    """`AAPL, msft # two` → ("AAPL", "MSFT"): by commas and white space, each once, in their order."""
    return tuple(dict.fromkeys(part.upper() for part in re.split(r"[,\s]+", _COMMENT.sub("", text)) if part))


def check(symbols: Sequence[str]) -> None:
    """Raises ValueError naming what is no symbol."""
    bad = [symbol[:40] for symbol in symbols if not _SYMBOL.fullmatch(symbol)]
    if bad:
        raise ValueError(f"not symbols: {', '.join(bad)}")


def read(path: Path) -> tuple[str, ...]:
    """The symbols in the file. Raises ValueError when it cannot be read or names what is no symbol."""
    try:
        found = split(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read ({type(error).__name__})") from None
    check(found)
    return found


class SymbolsFile:
    """Looks at the file each LOOK_EVERY."""

    def __init__(self, path: Path, always: Sequence[str], now: datetime) -> None:
        self._path = path
        self._always = always
        self._looked_at = now
        self._stamp = self._now_stamp()

    def changed(self, now: datetime) -> tuple[str, ...] | None:
        """All symbols to watch, when the file is another than at the last look; None: nothing new. Raises ValueError for a file that cannot
        be used, once for each of its states."""
        if now - self._looked_at < LOOK_EVERY:
            return None
        self._looked_at = now
        stamp = self._now_stamp()
        if stamp == self._stamp:
            return None
        self._stamp = stamp
        found = tuple(dict.fromkeys((*self._always, *read(self._path))))
        if not found:
            raise ValueError(f"{self._path} names no symbol")
        return found

    def _now_stamp(self) -> tuple[int, int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino
