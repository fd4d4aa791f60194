"""What all sessions share, and what a client sends at login."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from stock_snowflake.account.store import Account
from stock_snowflake.copy.stage_files import StageFiles
from stock_snowflake.database.engine import Engine
from stock_snowflake.transactions.locks import LockTable


@dataclass(frozen=True)
class Services:
    """What all sessions share. now: aware UTC wall clock. monotonic: seconds, for idleness."""

    engine: Engine
    account: Account
    locks: LockTable
    store: StageFiles
    now: Callable[[], datetime.datetime]
    monotonic: Callable[[], float]
    edition: str = "standard"
    copy_errors: str = "named"


@dataclass(frozen=True)
class Login:
    """What a client sends when it connects, with names in stored spelling."""

    user: str
    account: str
    role: str | None
    warehouse: str | None
    database: str | None
    schema: str | None
    parameters: Mapping[str, Any]
