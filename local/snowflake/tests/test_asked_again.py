"""Sessions keep the translations of queries and changes together. What they answer is of now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlglot import exp

from stock_snowflake.database import translations
from stock_snowflake.database.translations import Translations


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


def test_a_change_has_its_own_values_in_each_session(table: Any, connect: Callable[..., Any]) -> None:
    other = connect().cursor()
    for cursor, number in ((table, 5), (other, 6), (table, 7)):
        cursor.execute("INSERT INTO T VALUES (?)", (number,))
        cursor.execute("UPDATE T SET A = A + ? WHERE A = ?", (number * 10, number))
        cursor.execute("DELETE FROM T WHERE A = ?", (number - 4,))
    assert other.execute("SELECT A FROM T ORDER BY A").fetchall() == [(55,), (66,), (77,)]


def test_a_change_in_another_schema_is_of_its_table(table: Any, connect: Callable[..., Any]) -> None:
    table.execute("DELETE FROM T WHERE A = ?", (1,))
    other = connect().cursor()
    other.execute("CREATE SCHEMA OTHER")
    other.execute("CREATE TABLE T (A NUMBER(20,0))")
    other.execute("INSERT INTO T VALUES (?)", (1,))
    other.execute("DELETE FROM T WHERE A = ?", (1,))
    assert other.execute("SELECT COUNT(*) AS N FROM T").fetchall() == [(0,)]
    assert table.execute("SELECT A FROM T").fetchall() == [(2,)]


def test_merges_and_many_rows_are_kept_too(table: Any, connect: Callable[..., Any]) -> None:
    merge = (
        "MERGE INTO T USING (SELECT ?::NUMBER(20,0) AS A) S ON T.A = S.A"
        " WHEN NOT MATCHED THEN INSERT (A) VALUES (S.A)"
    )
    for cursor, number in ((table, 3), (connect().cursor(), 4), (table, 4)):
        cursor.execute(merge, (number,))
        cursor.executemany("INSERT INTO T VALUES (?)", [(number * 10,), (number * 100,)])
    assert table.execute("SELECT A FROM T WHERE A < 10 ORDER BY A").fetchall() == [(1,), (2,), (3,), (4,)]
    assert table.execute("SELECT COUNT(*) AS N FROM T WHERE A >= 10").fetchall() == [(6,)]


def test_the_ones_used_last_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translations, "KEPT", 2)
    subject, keys = Translations(), [(text, None, None) for text in "abc"]
    for key in keys[:2]:
        subject.keep(key, exp.null())
    assert subject.find(keys[0])
    subject.keep(keys[2], exp.null())
    assert [subject.find(key) is not None for key in keys] == [True, False, True]
