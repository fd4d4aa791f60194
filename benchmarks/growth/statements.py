"""Counts the statements that all sessions of this process send to the warehouse."""

from __future__ import annotations

from typing import Any

from snowflake.connector.cursor import SnowflakeCursor

from benchmarks.growth.harness import SENT


def count_statements() -> None:
    """From now on, into `SENT`."""
    execute = SnowflakeCursor.execute

    def counted(cursor: SnowflakeCursor, *arguments: Any, **named: Any) -> Any:
        SENT["statements"] += 1
        return execute(cursor, *arguments, **named)

    SnowflakeCursor.execute = counted
