"""Translated statements that all sessions share."""

from __future__ import annotations

import threading
from collections import OrderedDict

from sqlglot import exp

KEPT = 500
"""The ones used last."""
Key = tuple[str, str | None, str | None]
"""All that a translation depends on: the statement in Snowflake's SQL, the current database and schema."""


class Translations:
    """Every method may be called from any thread. Whoever finds a translation only reads it."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, exp.Expr] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, key: Key) -> exp.Expr | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def keep(self, key: Key, translated: exp.Expr) -> None:
        with self._lock:
            self._kept[key] = translated
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
