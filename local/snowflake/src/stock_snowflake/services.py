"""What sessions are made of: what they share, and what the client said at login."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from stock_snowflake.engine import Engine
from stock_snowflake.locks import LockTable
from stock_snowflake.stage_files import StageFiles


@dataclass(frozen=True)
class Services:
    """What every session shares. now: aware UTC wall clock; monotonic: seconds, for idleness."""

    engine: Engine
    locks: LockTable
    store: StageFiles
    now: Callable[[], datetime.datetime]
    monotonic: Callable[[], float]


@dataclass(frozen=True)
class Login:
    """What the client said when it connected; names in stored spelling."""

    user: str
    account: str
    role: str | None
    warehouse: str | None
    database: str | None
    schema: str | None
    parameters: Mapping[str, Any]
