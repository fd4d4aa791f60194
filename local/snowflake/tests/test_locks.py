"""The lock table by itself: compatibility, order, time, deadlock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from stock_snowflake.errors import SnowflakeError
from stock_snowflake.transactions.locks import MAX_WAITERS, LockTable, Mode


def start(call: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=call)
    thread.start()
    time.sleep(0.05)
    return thread


def code(call: Callable[[], None]) -> str:
    with pytest.raises(SnowflakeError) as caught:
        call()
    return caught.value.code


@pytest.mark.parametrize("held", Mode)
@pytest.mark.parametrize("wanted", Mode)
def test_compatibility(held: Mode, wanted: Mode) -> None:
    locks = LockTable()
    locks.acquire("a", "t", held, 0)
    together = {held, wanted} in ({Mode.INSERT}, {Mode.INSERT, Mode.WRITE})
    if together:
        locks.acquire("b", "t", wanted, 0)
    else:
        assert code(lambda: locks.acquire("b", "t", wanted, 0)) == "000625"
    locks.acquire("b", "another", wanted, 0)
    locks.acquire("a", "t", Mode.INSERT, 0)


def test_waits_in_order_of_arrival() -> None:
    locks, order = LockTable(), []
    locks.acquire("a", "t", Mode.WRITE, 0)

    def wait(owner: str) -> Callable[[], None]:
        def run() -> None:
            locks.acquire(owner, "t", Mode.WRITE, 5)
            order.append(owner)
            locks.release(owner)

        return run

    threads = [start(wait(owner)) for owner in ("b", "c", "d")]
    locks.release("a")
    for thread in threads:
        thread.join(30)
    assert order == ["b", "c", "d"]


def test_a_holder_may_ask_for_more_before_those_who_wait_for_it() -> None:
    locks = LockTable()
    locks.acquire("a", "t", Mode.INSERT, 0)
    waiting = start(lambda: locks.acquire("b", "t", Mode.DDL, 5))
    locks.acquire("a", "t", Mode.WRITE, 0)
    locks.release("a")
    waiting.join(30)
    assert code(lambda: locks.acquire("c", "t", Mode.INSERT, 0)) == "000625"


def test_time_is_over() -> None:
    locks = LockTable()
    locks.acquire("a", "t", Mode.WRITE, 0)
    started = time.monotonic()
    assert code(lambda: locks.acquire("b", "t", Mode.WRITE, 0.2)) == "000625"
    assert 0.2 <= time.monotonic() - started < 10
    locks.release("a")
    locks.acquire("b", "t", Mode.WRITE, 0)


def test_deadlock_over_three_owners() -> None:
    locks = LockTable()
    for owner in "abc":
        locks.acquire(owner, owner, Mode.WRITE, 0)
    threads = [
        start(lambda: locks.acquire("a", "b", Mode.WRITE, 5)),
        start(lambda: locks.acquire("b", "c", Mode.WRITE, 5)),
    ]
    with pytest.raises(SnowflakeError, match="deadlock"):
        locks.acquire("c", "a", Mode.WRITE, 5)
    locks.release("c")
    threads[1].join(30)
    locks.release("b")
    threads[0].join(30)


def test_cancel_ends_a_wait() -> None:
    locks, codes = LockTable(), []
    locks.acquire("a", "t", Mode.WRITE, 0)
    waiting = start(lambda: codes.append(code(lambda: locks.acquire("b", "t", Mode.WRITE, 30))))
    locks.cancel("b")
    waiting.join(30)
    assert codes == ["000604"]


def test_at_most_twenty_wait() -> None:
    locks = LockTable()
    locks.acquire("a", "t", Mode.WRITE, 0)
    threads = [
        threading.Thread(target=lambda n=n: code(lambda: locks.acquire(f"w{n}", "t", Mode.WRITE, 30)))
        for n in range(MAX_WAITERS)
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    assert code(lambda: locks.acquire("late", "t", Mode.WRITE, 30)) == "000625"
    for number in range(MAX_WAITERS):
        locks.cancel(f"w{number}")
    for thread in threads:
        thread.join(30)
