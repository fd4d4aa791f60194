"""Locks between sessions over HTTP. Source: sql-reference/transactions, "Resource locking"."""

from __future__ import annotations

import time
from typing import Any

import pytest
import snowflake.connector.errors
from answers import TAKE, count, errno, wait_until
from conftest import Background, Connect


def test_second_update_waits_and_then_sees_what_the_first_committed(
    lease: Any, connect: Connect, background: Background
) -> None:
    second = connect().cursor()
    lease.execute("BEGIN")
    lease.execute(TAKE, ("first",))
    second.execute("BEGIN")
    assert count(second) == 0, "a read before it must not freeze what is seen after it"
    waiting = background(lambda: second.execute(TAKE, ("second",)).rowcount)
    time.sleep(0.5)
    assert not waiting.done()
    assert count(connect().cursor(), "LEASE") == 1, "readers do not wait"
    lease.execute("INSERT INTO LEDGER VALUES (1, 'a')")
    lease.execute("COMMIT")
    assert waiting.result(timeout=30) == 1
    assert count(second) == 1
    second.execute("COMMIT")
    assert lease.execute("SELECT HOLDER, FENCE FROM LEASE").fetchall() == [("second", 2)]


@pytest.mark.parametrize("in_transaction", [True, False])
def test_lock_timeout_is_000625(in_transaction: bool, lease: Any, connect: Connect) -> None:
    second = connect(session_parameters={"LOCK_TIMEOUT": 1}).cursor()
    lease.execute("BEGIN")
    lease.execute(TAKE, ("first",))
    if in_transaction:
        second.execute("BEGIN")
    started = time.monotonic()
    assert errno(lambda: second.execute(TAKE, ("second",))) == 625
    assert 0.9 < time.monotonic() - started < 10
    second.execute("ALTER SESSION SET LOCK_TIMEOUT = 0")
    assert errno(lambda: second.execute("DELETE FROM LEASE")) == 625
    lease.execute("ROLLBACK")
    assert second.execute(TAKE, ("second",)).rowcount == 1


def test_inserts_do_not_wait_for_each_other_nor_for_an_update(lease: Any, connect: Connect) -> None:
    second = connect(session_parameters={"LOCK_TIMEOUT": 1}).cursor()
    for session, key in ((lease, "a"), (second, "b")):
        session.execute("BEGIN")
        session.execute("INSERT INTO LEDGER VALUES (1, ?)", (key,))
    third = connect(session_parameters={"LOCK_TIMEOUT": 1}).cursor()
    assert third.execute("UPDATE LEDGER SET N = 2").rowcount == 0
    lease.execute("COMMIT")
    second.execute("COMMIT")
    assert count(third) == 2


def test_deadlock_ends_one_of_the_two(lease: Any, connect: Connect, background: Background) -> None:
    """Source: "Deadlocks".

    "Snowflake chooses the most recent statement that is part of the deadlock as the victim".
    """
    second = connect().cursor()
    lease.execute("BEGIN")
    lease.execute(TAKE, ("first",))
    second.execute("BEGIN")
    second.execute("DELETE FROM LEDGER")
    waiting = background(lambda: lease.execute("DELETE FROM LEDGER"))
    time.sleep(0.5)
    with pytest.raises(snowflake.connector.errors.ProgrammingError, match=r"000625.*deadlock"):
        second.execute(TAKE, ("second",))
    second.execute("ROLLBACK")
    waiting.result(timeout=30)
    lease.execute("COMMIT")


def test_ddl_waits_for_writers(lease: Any, connect: Connect, background: Background) -> None:
    other = connect().cursor()
    lease.execute("BEGIN")
    lease.execute("INSERT INTO LEDGER VALUES (1, 'a')")
    waiting = background(lambda: other.execute("ALTER TABLE LEDGER ADD COLUMN IF NOT EXISTS ETAG VARCHAR"))
    time.sleep(0.3)
    assert not waiting.done()
    lease.execute("COMMIT")
    waiting.result(timeout=30)
    assert other.execute("SELECT * FROM LEDGER").fetchall() == [(1, "a", None)]


def test_a_closed_session_frees_its_lock(lease: Any, connect: Connect) -> None:
    other = connect()
    cursor = other.cursor()
    cursor.execute("BEGIN")
    cursor.execute(TAKE, ("other",))
    other.close()
    lease.execute("ALTER SESSION SET LOCK_TIMEOUT = 1")
    assert lease.execute(TAKE, ("next",)).rowcount == 1


def test_a_cancelled_wait_ends_with_000604(lease: Any, connect: Connect) -> None:
    second = connect().cursor()
    lease.execute("BEGIN")
    lease.execute(TAKE, ("first",))
    started = time.monotonic()
    with pytest.raises(snowflake.connector.errors.ProgrammingError) as caught:
        second.execute(TAKE, ("second",), timeout=1)
    assert caught.value.errno in (604, 630)
    assert time.monotonic() - started < 10
    wait_until(lambda: second.execute("SELECT 1").fetchall() == [(1,)], "the next statement")
