"""Tables beside RAW's own, with the same names and _REBUILD: a session on which a loader works on them unawares."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from stock_sf_loader.ledger import Session

SUFFIX = "_REBUILD"
_TABLE = re.compile(r"\bRAW\.(?:STOCK_QUOTES|STOCK_ALERTS|STOCK_BARS|LOADED_FILES|LOADER_LEASE)\b")


class Beside:
    """A Session: what is said of RAW's tables is done to those beside them. Values are bound, so only names are in the text; the stage is shared."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def statement_seconds(self) -> float:
        return self._session.statement_seconds

    def query(self, sql: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]:
        return self._session.query(beside(sql), params)

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        return self._session.execute(beside(sql), params)

    def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> int:
        return self._session.execute_many(beside(sql), rows)

    def transaction(self) -> AbstractContextManager[None]:
        return self._session.transaction()

    def close(self) -> None:
        self._session.close()


def beside(sql: str) -> str:
    """The statement with every table's name replaced by that of the table beside it."""
    return _TABLE.sub(lambda match: match[0] + SUFFIX, sql)
