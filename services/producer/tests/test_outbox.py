from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from support.world import START

from stock_common.run import FatalError
from stock_producer.outbox import sqlite
from stock_producer.outbox.locks import Held, Lock
from stock_producer.outbox.outbox import Message, Outbox
from stock_producer.outbox.sqlite import named


def message(number: int, size: int = 10) -> Message:
    return Message("stock-data", f"S{number}", bytes(size))


def test_rows_come_in_order_and_go_one_by_one(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o.sqlite", 10**7)
    outbox.add([message(1), message(2)], {"S1": START}, {("move", "S1"): b"x"}, START)
    outbox.add([message(3)], {}, {}, START)
    first, second, third = outbox.read(0, 10)
    assert [row.key for row in (first, second, third)] == ["S1", "S2", "S3"]
    assert [row.key for row in outbox.read(first.seq, 1)] == ["S2"]
    outbox.remove([first.seq, third.seq])
    assert (outbox.rows, [row.key for row in outbox.read(0, 10)], outbox.oldest()) == (1, ["S2"], START)


def test_everything_is_there_after_a_restart_and_numbers_go_on(tmp_path: Path) -> None:
    path = tmp_path / "o.sqlite"
    outbox = Outbox(path, 10**7)
    outbox.add([message(1)], {"S1": START}, {("move", "S1"): b"x"}, START)
    before = outbox.read(0, 10)
    outbox.close()
    again = Outbox(path, 10**7)
    assert (again.rows, again.read(0, 10), again.asked(), again.rule_states()) == (
        1,
        before,
        {"S1": START},
        {("move", "S1"): b"x"},
    )
    again.remove([before[0].seq])
    again.add([message(2)], {}, {}, START)
    assert again.read(0, 10)[0].seq > before[0].seq


def test_a_failed_add_leaves_nothing(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o.sqlite", 10**7)
    with pytest.raises(FatalError):
        outbox.add([message(1)], {"S1": START}, {("move", "S1"): None}, START)  # type: ignore[dict-item]
    assert (outbox.rows, outbox.read(0, 10), outbox.asked()) == (0, [], {})


def test_the_limit_is_a_clear_stop_and_gives_way_once_rows_are_gone(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o.sqlite", 1_000_000)
    with pytest.raises(
        FatalError, match=r"OUTBOX_BYTES=1000000 with [0-9]+ messages that Kafka has not taken"
    ):
        for number in range(2_000):
            outbox.add([message(number, 1_000)], {}, {}, START)
    assert 0.99 < outbox.share < 1.1
    outbox.remove([row.seq for row in outbox.read(0, 10_000)])
    assert outbox.share < 0.1
    outbox.add([message(1)], {}, {}, START)


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o.sqlite", 10**9)
    outbox._connection.execute("PRAGMA max_page_count=10")
    with pytest.raises(
        FatalError, match=r"o\.sqlite cannot be written \(database or disk is full\): free some disk"
    ):
        outbox.add([message(number, 4_000) for number in range(20)], {}, {}, START)
    assert outbox.read(0, 10) == []


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "o.sqlite"
    path.write_bytes(b"no database" * 1_000)
    with pytest.raises(FatalError, match=r"o\.sqlite is damaged"):
        Outbox(path, 10**7)


def test_another_program_in_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FatalError, match="is in use by another program"), named(tmp_path):
        one, other = (sqlite3.connect(tmp_path / "x", timeout=0, isolation_level=None) for _ in range(2))
        one.execute("BEGIN EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")


@pytest.mark.parametrize(
    ("mounts", "shared"),
    [
        pytest.param("overlay / overlay rw 0 0\n127.0.0.1:/ {0} nfs4 rw 0 0\n", False, id="EFS"),
        pytest.param("fs:/ / nfs4 rw 0 0\n/dev/nvme1n1 {0} xfs rw 0 0\n", True, id="a disk of its own"),
    ],
)
def test_on_a_network_file_system_no_memory_is_shared(
    mounts: str, shared: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, folder = tmp_path / "mounts", tmp_path / "state"
    table.write_text(mounts.format(folder))
    folder.mkdir()
    monkeypatch.setattr(sqlite, "MOUNTS", table)
    outbox = Outbox(folder / "o.sqlite", 10**7)
    outbox.add([message(1)], {}, {}, START)
    assert (folder / "o.sqlite-wal").exists()
    assert (folder / "o.sqlite-shm").exists() == shared
    outbox.close()
    again = Outbox(folder / "o.sqlite", 10**7)
    assert [row.key for row in again.read(0, 10)] == [message(1).key]
    again.close()


def test_a_lock_has_one_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = Lock(path)
    with pytest.raises(Held):
        Lock(path)
    lock.release()
    Lock(path).release()
