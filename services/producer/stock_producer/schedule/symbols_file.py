"""SYMBOLS_FILE: a file of symbols that is read again when it changes."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from stock_common import symbols
from stock_producer.schedule.types import is_recent

LOOK_EVERY = timedelta(seconds=5)


def read(path: Path) -> tuple[str, ...]:
    """The symbols in the file.

    Raises ValueError when it cannot be read or has a word that is not a symbol.
    """
    try:
        found = symbols.split(_text(path.read_bytes()))
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read ({type(error).__name__})") from None
    symbols.check(found)
    return found


def _text(content: bytes) -> str:
    """Text as editors save it: UTF-8 with or without a mark at its start, or UTF-16 with one."""
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if wide else "utf-8-sig")


class SymbolsFile:
    """The file, looked at each LOOK_EVERY. `always`: the symbols of the variable SYMBOLS."""

    def __init__(self, path: Path, always: Sequence[str], now: datetime) -> None:
        self._path = path
        self._always = always
        self._looked_at = now
        self._stamp = self._now_stamp()

    def changed(self, now: datetime) -> tuple[str, ...] | None:
        """All symbols to watch when the file has changed since the last look, None where it has not.

        Raises ValueError for a file that cannot be used, once for each of its states.
        """
        if is_recent(self._looked_at, now, LOOK_EVERY):
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
