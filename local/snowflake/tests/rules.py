"""The shape of a rule: statements with what must come of each, and how one is tried."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
import snowflake.connector.errors


class Fails(NamedTuple):
    """The statement is refused with this number."""

    errno: int


class Step(NamedTuple):
    """expected: the rows, Fails, or None for any answer. rowcount is compared where it is given."""

    sql: str
    expected: Any = None
    binds: tuple[Any, ...] = ()
    rowcount: int | None = None


class Case(NamedTuple):
    id: str
    source: str
    steps: list[Step]


def check(case: Case, cursor: Any) -> None:
    for step in case.steps:
        if isinstance(step.expected, Fails):
            with pytest.raises(snowflake.connector.errors.DatabaseError) as caught:
                cursor.execute(step.sql, step.binds or None)
            assert caught.value.errno == step.expected.errno, f"{step.sql}: {caught.value}"
            continue
        rows = cursor.execute(step.sql, step.binds or None).fetchall()
        if step.expected is not None:
            assert rows == step.expected, f"{step.sql} ({case.source})"
        if step.rowcount is not None:
            assert cursor.rowcount == step.rowcount, step.sql
