"""The pieces of content faults that need no stack."""

from __future__ import annotations

from pathlib import Path

from chaos import hostile, log_files
from chaos.client_orders import ClientOrders
from chaos.log_files import HEADER, LENGTH_FROM
from chaos.watch import Stops
from stock_common.topics import SUNK
from stock_stack.counts import Counts

PLACE = ("stock-data", 0)


def batch(first: int, count: int, records: bytes) -> bytes:
    fixed = HEADER.pack(first, 0, 0, 2, 0, 0, count - 1)
    body = fixed + b"\0" * (log_files.RECORDS_FROM - len(fixed)) + records
    return body[:8] + (len(body) - LENGTH_FROM).to_bytes(4, "big") + body[12:]


def test_the_batch_of_an_offset_is_found_and_one_byte_is_changed_there_and_back(tmp_path: Path) -> None:
    old, new = tmp_path / f"{0:020d}.log", tmp_path / f"{7:020d}.log"
    old.write_bytes(batch(0, 7, b"old records"))
    before = batch(7, 3, b"first") + batch(10, 2, b"second") + batch(12, 1, b"third")
    new.write_bytes(before)
    found = log_files.batch_of(tmp_path, 11)
    assert found is not None
    assert (found.file, found.first, found.last) == (new, 10, 11)
    log_files.flip(found)
    after = new.read_bytes()
    changed = [place for place, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    assert len(changed) == 1
    assert found.position + log_files.RECORDS_FROM <= changed[0] < found.position + found.size
    for _ in range(2):
        log_files.restore(found)
        assert new.read_bytes() == before
    new.unlink()
    log_files.restore(found)
    assert not new.exists()
    new.write_bytes(before)
    assert log_files.batch_of(tmp_path, 13) is None


def test_a_stop_is_the_time_with_work_and_without_progress() -> None:
    stops = Stops()

    def see(now: float, kafka: int, s3: int, snowflake: int) -> None:
        stops.see(Counts({PLACE: kafka}, {PLACE: s3}, {PLACE: snowflake}), now)

    see(0, 0, 0, 0)
    see(100, 5, 0, 0)
    see(110, 9, 0, 0)
    see(120, 9, 9, 0)
    see(150, 9, 9, 0)
    see(151, 20, 9, 9)
    see(152, 20, 20, 9)
    assert {stage: stop.seconds for stage, stop in stops.longest.items()} == {"s3": 10, "snowflake": 30}


def test_every_topic_that_goes_to_s3_gets_strange_records() -> None:
    records = list(hostile.records())
    assert {each.topic for each in records} == {*SUNK}
    assert any(b"999999999999.9999999" in (each.value or b"") for each in records)
    assert not any(b'"@' in (each.value or b"") for each in records)


def test_orders_are_files_and_can_be_taken_back(tmp_path: Path) -> None:
    orders = ClientOrders(tmp_path / "orders")
    orders.drop(0.5)
    assert "drop" in {file.name for file in (tmp_path / "orders").iterdir()}
    orders.end("drop")
    orders.end("drop")
    assert not orders.frozen(3)
    assert orders.dropped() == 0
