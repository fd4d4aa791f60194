"""Shadow tables: tables like RAW's, named with the suffix _REBUILD, which a rebuild fills.

A loader that gets a ShadowSession loads into the shadow tables, with their own ledger and lease.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from stock_common.ledger import LEASE, LEDGER, TABLES
from stock_sf_loader.load.ledger import Session

SUFFIX = "_REBUILD"
_NAMES = "|".join(name.removeprefix("RAW.") for name in (*(t.name for t in TABLES.values()), LEDGER, LEASE))
_TABLE = re.compile(rf"\bRAW\.(?:{_NAMES})\b")


class ShadowSession:
    """A Session that sends each statement to the shadow tables. The stage is the real one.

    Values are bound, so the text of a statement holds names only.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def statement_seconds(self) -> float:
        return self._session.statement_seconds

    def query(self, sql: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]:
        return self._session.query(shadow(sql), params)

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        return self._session.execute(shadow(sql), params)

    def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> int:
        return self._session.execute_many(shadow(sql), rows)

    def transaction(self) -> AbstractContextManager[None]:
        return self._session.transaction()

    def close(self) -> None:
        self._session.close()


def shadow(sql: str) -> str:
    """The statement, or the table's name, with each of RAW's tables replaced by its shadow table."""
    return _TABLE.sub(lambda match: match[0] + SUFFIX, sql)
