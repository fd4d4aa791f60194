"""Transactions over HTTP. Source: sql-reference/transactions, where no other is named."""

from __future__ import annotations

from typing import Any

import pytest
import snowflake.connector.errors
from answers import count, errno
from conftest import Connect


def test_commit_and_rollback(lease: Any, connect: Connect) -> None:
    other = connect().cursor()
    for end, expected in (("COMMIT", 1), ("ROLLBACK", 1), ("COMMIT WORK", 2)):
        lease.execute("BEGIN TRANSACTION")
        lease.execute("INSERT INTO LEDGER VALUES (1, 'a')")
        before = count(other)
        assert count(lease) == before + 1
        lease.execute(end)
        assert count(other) == expected


def test_end_without_begin_and_begin_twice_are_no_errors(lease: Any) -> None:
    for statement in (
        "COMMIT",
        "ROLLBACK",
        "BEGIN",
        "INSERT INTO LEDGER VALUES (1, 'a')",
        "BEGIN",
        "ROLLBACK",
    ):
        lease.execute(statement)
    assert count(lease) == 0


def test_read_committed_before_the_first_write(lease: Any, connect: Connect) -> None:
    """ "a statement sees only data that was committed before the statement began"."""
    reader = connect().cursor()
    reader.execute("BEGIN")
    assert count(reader) == 0
    lease.execute("INSERT INTO LEDGER VALUES (1, 'a')")
    assert count(reader) == 1
    reader.execute("COMMIT")


def test_failed_transaction_cannot_be_committed(lease: Any, connect: Connect) -> None:
    """Source: sql-reference/parameters, TRANSACTION_ABORT_ON_ERROR.

    "All statements issued inside that transaction will fail until ...".
    """
    cursor = connect(session_parameters={"TRANSACTION_ABORT_ON_ERROR": True}).cursor()
    cursor.execute("BEGIN")
    cursor.execute("INSERT INTO LEDGER VALUES (1, 'a')")
    assert errno(lambda: cursor.execute("SELECT NO_SUCH FROM LEDGER")) == 904
    assert errno(lambda: cursor.execute("SELECT 1")) == 615
    assert errno(lambda: cursor.execute("COMMIT")) == 615
    assert count(cursor) == 0
    cursor.execute("BEGIN")
    cursor.execute("INSERT INTO LEDGER VALUES (2, 'b')")
    cursor.execute("COMMIT")
    assert count(cursor) == 1


def test_by_default_a_statement_that_does_not_compile_harms_nothing(lease: Any) -> None:
    lease.execute("BEGIN")
    lease.execute("INSERT INTO LEDGER VALUES (1, 'a')")
    assert errno(lambda: lease.execute("SELECT NO_SUCH FROM LEDGER")) == 904
    lease.execute("COMMIT")
    assert count(lease) == 1


def test_a_statement_that_fails_while_it_runs_is_never_half_done(lease: Any) -> None:
    """DuckDB aborts the transaction, so COMMIT is an error. Snowflake would keep the other statements."""
    lease.execute("BEGIN")
    lease.execute("INSERT INTO LEDGER VALUES (1, 'a')")
    assert errno(lambda: lease.execute("INSERT INTO LEDGER SELECT 'abc', 'b'")) == 100038
    assert errno(lambda: lease.execute("COMMIT")) == 615
    assert count(lease) == 0


def test_ddl_commits_the_open_transaction(lease: Any, connect: Connect) -> None:
    other = connect().cursor()
    lease.execute("BEGIN")
    lease.execute("INSERT INTO LEDGER VALUES (1, 'a')")
    lease.execute("CREATE TABLE ANOTHER (A INT)")
    lease.execute("INSERT INTO LEDGER VALUES (2, 'b')")
    lease.execute("ROLLBACK")
    assert count(other) == 2


def test_autocommit_off_begins_with_the_first_change(lease: Any, connect: Connect) -> None:
    connection = connect(autocommit=False)
    cursor = connection.cursor()
    cursor.execute("INSERT INTO LEDGER VALUES (1, 'a')")
    assert count(lease) == 0
    connection.commit()
    assert count(lease) == 1
    cursor.execute("DELETE FROM LEDGER")
    connection.rollback()
    assert count(lease) == 1
    cursor.execute("DELETE FROM LEDGER")
    connection.autocommit(True)
    assert count(lease) == 0


def test_array_binding_is_one_statement(lease: Any) -> None:
    lease.executemany(
        "INSERT INTO LEDGER VALUES (?, ?)", [(number, f"key-{number}") for number in range(1000)]
    )
    assert lease.rowcount == 1000
    with pytest.raises(snowflake.connector.errors.ProgrammingError):
        lease.executemany("INSERT INTO LEDGER VALUES (?, ?)", [("1", "a"), ("no number", "b")])
    assert count(lease) == 1000
    lease.executemany("INSERT INTO LEDGER VALUES (?, ?)", [(1, "a"), (None, None)])
    assert lease.execute("SELECT COUNT(*), COUNT(N) FROM LEDGER").fetchall() == [(1002, 1001)]
