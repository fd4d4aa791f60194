"""Scratch schemas in place of RAW and ANALYTICS, and what the selftest says of each thing it tried."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from stock_common.run import FatalError
from stock_sf_loader.load.ledger import Session
from stock_warehouse.errors import LockTimeout, StatementError, StatementFailed

OK, DIFFERENT, UNTRIED = "ok", "DIFFERENT", "not tried"
REFUSALS = (StatementError, StatementFailed, FatalError, LockTimeout)
"""What Snowflake answers a statement with, besides rows. Anything else ends the selftest."""
_SCHEMA = re.compile(r"\b(RAW|ANALYTICS)\b")


class Odd(Exception):
    """Snowflake took a statement and answered otherwise than its documentation says."""


class Line(NamedTuple):
    """One thing. seen: what Snowflake answered, where that is worth a word."""

    what: str
    state: str
    seen: str = ""


class ScratchSession:
    """A Session that sends each statement to the scratch schemas `<prefix>_RAW` and `<prefix>_ANALYTICS`."""

    def __init__(self, session: Session, prefix: str) -> None:
        self._session, self._prefix = session, prefix

    @property
    def statement_seconds(self) -> float:
        return self._session.statement_seconds

    def query(self, sql: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]:
        return self._session.query(self._moved(sql), params)

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        return self._session.execute(self._moved(sql), params)

    def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> int:
        return self._session.execute_many(self._moved(sql), rows)

    def transaction(self) -> AbstractContextManager[None]:
        return self._session.transaction()

    def close(self) -> None:
        self._session.close()

    def _moved(self, sql: str) -> str:
        return _SCHEMA.sub(lambda name: f"{self._prefix}_{name[1]}", sql)


def tried(what: str, work: Callable[[], object], wanted: object = None) -> Line:
    """Does the work. `wanted`: what it should return, None for anything."""
    try:
        found = work()
    except Odd as error:
        return Line(what, DIFFERENT, str(error))
    except REFUSALS as error:
        return Line(what, DIFFERENT, f"refused: {error}")
    if wanted is not None and found != wanted:
        return Line(what, DIFFERENT, f"{found!r}, not {wanted!r}")
    return Line(what, OK)


def refused(what: str, work: Callable[[], object], name: str) -> Line:
    """Does work that Snowflake must refuse, and says how, and whether the text has `name` in it."""
    try:
        found = work()
    except Odd as error:
        return Line(what, DIFFERENT, f"taken: {error}")
    except REFUSALS as error:
        where = "with" if name in str(error) else "without"
        return Line(what, OK, f"{where} the file's name: {type(error).__name__}: {error}")
    return Line(what, DIFFERENT, f"taken: {found!r}")
