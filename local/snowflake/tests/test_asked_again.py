"""A session keeps the translation of a query. What it answers is of now."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def table(cursor: Any) -> Any:
    cursor.execute("CREATE TABLE T (A NUMBER(20,0))")
    cursor.execute("INSERT INTO T VALUES (1), (2)")
    return cursor


def test_each_time_with_its_own_values(table: Any) -> None:
    ask = "SELECT A FROM T WHERE A = ?"
    assert [table.execute(ask, (number,)).fetchall() for number in (1, 2, 3)] == [[(1,)], [(2,)], []]


def test_a_column_that_was_added_is_there(table: Any) -> None:
    ask = "SELECT * FROM T ORDER BY A"
    assert table.execute(ask).fetchall() == [(1,), (2,)]
    table.execute("ALTER TABLE T ADD COLUMN B VARCHAR")
    assert table.execute(ask).fetchall() == [(1, None), (2, None)]


def test_another_schema_has_another_table(table: Any) -> None:
    ask = "SELECT COUNT(*) AS N FROM T"
    assert table.execute(ask).fetchall() == [(2,)]
    table.execute("CREATE SCHEMA OTHER")
    table.execute("USE SCHEMA OTHER")
    table.execute("CREATE TABLE T (A NUMBER(20,0))")
    assert table.execute(ask).fetchall() == [(0,)]


def test_a_name_that_is_bound_is_the_one_of_this_time(table: Any) -> None:
    table.execute("CREATE TABLE U (A NUMBER(20,0))")
    ask = "SELECT COUNT(*) AS N FROM IDENTIFIER(?)"
    assert [table.execute(ask, (name,)).fetchall() for name in ("T", "U", "T")] == [[(2,)], [(0,)], [(2,)]]
