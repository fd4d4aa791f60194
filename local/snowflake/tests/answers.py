"""Short words for what the tests ask of a cursor."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import snowflake.connector.errors

TAKE = "UPDATE LEASE SET HOLDER = ?, FENCE = FENCE + 1 WHERE NAME = 'loader'"


def errno(call: Callable[[], Any]) -> int:
    with pytest.raises(snowflake.connector.errors.DatabaseError) as caught:
        call()
    return caught.value.errno


def wait_until(check: Callable[[], bool], description: str, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"{description} took more than {seconds} s"
        time.sleep(0.05)


def count(cursor: Any, table: str = "LEDGER") -> int:
    return cursor.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
