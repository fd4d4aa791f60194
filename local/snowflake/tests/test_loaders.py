"""Several services at once: loaders, readers, migrations."""

from __future__ import annotations

import threading
import time
from typing import Any

from answers import TAKE, count
from conftest import Background, Connect, Stage
from files import QUOTES_DDL, copy, parquet, quotes

ROUNDS = 15


def load_in_turn(connect: Connect, name: str) -> list[int]:
    """A loader of the product: takes the lease and loads the next file of the ledger, ROUNDS times.

    Returns the numbers of its files.
    """
    cursor = connect(
        autocommit=False, session_parameters={"LOCK_TIMEOUT": 60, "TRANSACTION_ABORT_ON_ERROR": True}
    ).cursor()
    taken = []
    for _ in range(ROUNDS):
        cursor.execute("BEGIN TRANSACTION")
        assert cursor.execute(TAKE, (name,)).rowcount == 1
        # The next number is right only if the other loader's last commit is visible here.
        number = cursor.execute("SELECT COALESCE(MAX(N) + 1, 0) FROM LEDGER").fetchone()[0]
        answer = cursor.execute(copy(f"{number}.parquet", options="FORCE = TRUE")).fetchall()
        assert [(row[1], row[3]) for row in answer] == [("LOADED", 5)]
        cursor.execute("INSERT INTO LEDGER VALUES (?, ?)", (number, f"{number}.parquet"))
        assert cursor.execute("SELECT HOLDER FROM LEASE").fetchall() == [(name,)]
        cursor.execute("COMMIT")
        taken.append(number)
    return taken


def read_until(stop: threading.Event, connect: Connect) -> int:
    """Reads rows and ledger together until the event. Returns how often."""
    cursor = connect().cursor()
    reads = 0
    while not stop.is_set():
        rows, files = cursor.execute(
            "SELECT (SELECT COUNT(*) FROM QUOTES), (SELECT COUNT(*) FROM LEDGER)"
        ).fetchone()
        assert rows == 5 * files, "half a transaction was seen"
        reads += 1
        time.sleep(0.05)
    return reads


def test_two_loaders_are_serialised_and_see_each_others_ledger(
    lease: Any, stage: Stage, connect: Connect, background: Background
) -> None:
    """Two loaders race while an auditor and a dashboard read. No gap, no double, no error."""
    lease.execute(QUOTES_DDL)
    for number in range(2 * ROUNDS):
        stage.put(f"{number}.parquet", parquet(quotes(5, 5 * number)))
    stop = threading.Event()
    readers = [background(read_until, stop, connect) for _ in range(2)]
    loaders = [background(load_in_turn, connect, name) for name in ("first", "second")]
    try:
        taken = [number for future in loaders for number in future.result(timeout=240)]
    finally:
        stop.set()
    assert min(future.result(timeout=60) for future in readers) > 5
    assert sorted(taken) == list(range(2 * ROUNDS))
    assert lease.execute(
        "SELECT COUNT(*), COUNT(DISTINCT KAFKA_OFFSET), MAX(KAFKA_OFFSET) FROM QUOTES"
    ).fetchall() == [(10 * ROUNDS, 10 * ROUNDS, 10 * ROUNDS - 1)]
    assert lease.execute("SELECT FENCE FROM LEASE").fetchall() == [(2 * ROUNDS,)]


def test_copies_of_one_file_at_once_load_it_once(
    lease: Any, stage: Stage, connect: Connect, background: Background
) -> None:
    lease.execute(QUOTES_DDL)
    stage.put("a.parquet", parquet(quotes(5)))
    sessions = [connect().cursor() for _ in range(4)]
    answers = [
        background(lambda session=session: session.execute(copy("a.parquet")).fetchall()[0][1])
        for session in sessions
    ]
    assert sorted(future.result(timeout=90) for future in answers) == [
        "LOADED",
        "LOAD_SKIPPED",
        "LOAD_SKIPPED",
        "LOAD_SKIPPED",
    ]
    assert count(lease, "QUOTES") == 5


def test_migrations_at_once(connect: Connect, background: Background) -> None:
    """Idempotent DDL from several services that start together."""

    def migrate() -> None:
        cursor = connect().cursor()
        for _ in range(5):
            cursor.execute("CREATE TABLE IF NOT EXISTS SHARED (A INT)")
            cursor.execute("CREATE OR REPLACE VIEW SHARED_VIEW AS SELECT A FROM SHARED")
            cursor.execute("ALTER TABLE SHARED ADD COLUMN IF NOT EXISTS B INT")
            cursor.execute("INSERT INTO SHARED (A) VALUES (1)")
            cursor.execute("SELECT * FROM SHARED_VIEW").fetchall()

    for future in [background(migrate) for _ in range(4)]:
        future.result(timeout=90)
    assert count(connect().cursor(), "SHARED") == 20
