"""Content that a client, a broker or a stranger gets wrong: it costs its own offsets or its own partition."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from fakes import GOOD, START_MS, Broker, Run, covered, end, last_fault

from stock_common.keys import ObjectKey
from stock_common.links import Link
from stock_common.run import FatalError
from stock_kafka.cluster import Unreachable
from stock_objects.chain import Chain
from stock_objects.testing import MemoryStore
from stock_s3_sink import blocks, progress
from stock_s3_sink.cutter import NO_TIME

CHAIN = Chain("stock-data", "a" * 32, 0)
HOUR = datetime.fromtimestamp(START_MS / 1000, UTC).replace(minute=0, second=0, microsecond=0)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's clock goes on by a tenth of a second a look."""
    monkeypatch.setattr(blocks, "FIRST_PAUSE", 0.5)
    monkeypatch.setattr(progress, "CHECK_SECONDS", 0.5)
    monkeypatch.setattr(progress, "STUCK_SECONDS", 2.0)


def counted(run: Run, name: str) -> float:
    return run.registry.get_sample_value(f"stock_s3_sink_{name}", {"topic": "stock-data"}) or 0.0


@pytest.mark.parametrize("skips", [{0}, {3, 4}, {2, 5, 7}, set(range(8))], ids=str)
def test_records_that_the_client_left_out_are_read_again(
    broker: Broker, store: MemoryStore, skips: set[int]
) -> None:
    broker.append(9)
    run = Run(broker, store)
    run.source.skips = set(skips)
    run.until(lambda: end(store) == 8)
    assert sum(rows for _, _, rows in covered(store)) == 9
    assert counted(run, "offsets_recovered_total") == len(skips)
    assert counted(run, "offsets_hole_total") == 0


def test_what_the_log_does_not_have_is_a_hole(broker: Broker, store: MemoryStore) -> None:
    broker.append(9)
    broker.absent = {4, 5}
    run = Run(broker, store)
    run.until(lambda: end(store) == 8 and counted(run, "offsets_hole_total") == 2)
    assert sum(rows for _, _, rows in covered(store)) == 7
    assert counted(run, "offsets_recovered_total") == 0


def test_the_last_records_that_the_client_left_out_are_found_too(broker: Broker, store: MemoryStore) -> None:
    broker.append(9)
    run = Run(broker, store)
    run.source.skips = {7, 8}
    run.until(lambda: end(store) == 8)
    assert sum(rows for _, _, rows in covered(store)) == 9
    assert counted(run, "partitions_stuck_total") == 1


def test_markers_at_the_logs_end_become_a_link_without_rows(broker: Broker, store: MemoryStore) -> None:
    broker.append(9)
    broker.absent = {7, 8}
    run = Run(broker, store)
    run.until(lambda: end(store) == 8)
    assert covered(store)[-1] == (7, 8, 0)
    broker.append(2)
    run.until(lambda: end(store) == 10 and counted(run, "offsets_hole_total") == 2)


def slow(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Each put takes longer than a partition may stand still, twice. The event: one has begun."""
    put, begun = store.put_new, threading.Event()

    def put_slowly(key: str, body: bytes, metadata: Mapping[str, str]) -> str:
        begun.set()
        time.sleep(0.3)
        return put(key, body, metadata)

    monkeypatch.setattr(store, "put_new", put_slowly)
    return begun


def test_markers_at_the_logs_end_wait_for_a_slow_put(
    broker: Broker, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow(store, monkeypatch)
    broker.append(9)
    broker.absent = {7, 8}
    run = Run(broker, store)
    run.until(lambda: end(store) == 8)
    assert covered(store) == [(0, 6, 7), (7, 8, 0)]


def test_a_new_assignment_waits_for_a_slow_put(
    broker: Broker, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = slow(store, monkeypatch)
    broker.append(3)
    run = Run(broker, store)
    run.until(begun.is_set)
    run.source.frozen = True
    broker.append(3)
    run.until(lambda: end(store) == 5)
    assert counted(run, "partitions_stuck_total") == 1


def test_a_client_that_delivers_nothing_is_assigned_again(broker: Broker, store: MemoryStore) -> None:
    broker.append(3)
    run = Run(broker, store)
    run.until(lambda: end(store) == 2)
    run.source.frozen = True
    broker.append(3)
    run.until(lambda: end(store) == 5)
    assert counted(run, "partitions_stuck_total") == 1


def test_a_client_that_no_assignment_helps_ends_the_process(broker: Broker, store: MemoryStore) -> None:
    broker.append(3)
    run = Run(broker, store)
    run.until(lambda: end(store) == 2)
    run.source.reposition = lambda moved, positions: None  # type: ignore[method-assign]
    run.source.frozen = True
    broker.append(3)
    with pytest.raises(FatalError, match="stands still at offset 3, the log ends at 6"):
        run.until(lambda: False)


def test_an_unreadable_batch_is_named_and_what_comes_before_it_is_put(
    broker: Broker, store: MemoryStore
) -> None:
    broker.append(9)
    broker.unreadable = {4, 5}
    run = Run(broker, store)
    run.until(lambda: end(store) == 3 and "offset 4 cannot be read: CRC mismatch" in (last_fault(run) or ""))
    run.until(
        lambda: (
            run.registry.get_sample_value("stock_s3_sink_partitions_blocked", {"topic": "stock-data"}) == 1
        )
    )
    broker.unreadable = set()
    run.until(lambda: end(store) == 8 and last_fault(run) is None)
    assert sum(rows for _, _, rows in covered(store)) == 9


def test_a_gap_that_cannot_be_read_again_holds_back_what_comes_after_it(
    broker: Broker, store: MemoryStore
) -> None:
    broker.append(9)
    run = Run(broker, store)
    run.source.skips = {4}
    reread, run.source.reread = run.source.reread, broken
    run.until(lambda: "offset 0 was not delivered" in (last_fault(run) or ""))
    assert end(store) == -1
    run.source.reread = reread
    run.until(lambda: end(store) == 8)
    assert sum(rows for _, _, rows in covered(store)) == 9


def broken(*_: object) -> object:
    raise Unreachable("no answer")


def test_a_record_with_its_producers_time_is_a_dead_letter(broker: Broker, store: MemoryStore) -> None:
    broker.append(2)
    broker.log += [(GOOD, NO_TIME)]
    broker.append(2)
    run = Run(broker, store)
    run.until(lambda: end(store) == 4)
    assert sum(rows for _, _, rows in covered(store)) == 4
    assert run.letters.sent == [2]


def test_a_first_record_with_its_producers_time_is_no_end(broker: Broker, store: MemoryStore) -> None:
    broker.log += [(GOOD, NO_TIME)]
    broker.append(2)
    run = Run(broker, store)
    run.until(lambda: end(store) == 2)
    assert run.letters.sent == [0]


def test_a_broker_whose_clock_is_ahead_is_named(broker: Broker, store: MemoryStore) -> None:
    broker.log += [(GOOD, int((time.time() + 7_200) * 1000))]
    run = Run(broker, store)
    run.until(lambda: end(store) == 0 and counted(run, "objects_ahead_total") == 1)


def forged(first: int, last: int, hour: datetime = HOUR) -> tuple[str, dict[str, str]]:
    link = Link(ObjectKey(*CHAIN, hour, first), last, last - first + 1)
    return str(link.key), link.metadata()


def test_strangers_objects_after_the_last_link_cost_no_partition(broker: Broker, store: MemoryStore) -> None:
    broker.append(3)
    Run(broker, store).until(lambda: end(store) == 2)
    folder = next(iter(store.held)).rpartition("/")[0]
    for name in ("part-00000-x.parquet", "_SUCCESS", "zz\n'", "o99999999999999999999.parquet"):
        store.put_new(f"{folder}/{name}", b"", {})
    key, metadata = forged(10**17, 10**18)
    store.put_new(key, b"", metadata)
    broker.append(3)
    run = Run(broker, store)
    run.until(lambda: (3, 5, 3) in links(store))
    assert counted(run, "objects_stray_total") == 4


def test_a_forged_link_at_the_next_place_stops_its_partition_until_it_is_away(
    broker: Broker, store: MemoryStore
) -> None:
    broker.append(3)
    run = Run(broker, store)
    run.until(lambda: end(store) == 2)
    key, metadata = forged(3, 10**11)
    store.put_new(key, b"", metadata)
    broker.append(3)
    run.until(lambda: "the log ends at 5. Move that object away" in (last_fault(run) or ""))
    del store.held[key]
    run.until(lambda: end(store) == 5 and last_fault(run) is None)
    assert covered(store) == [(0, 2, 3), (3, 5, 3)]


def links(store: MemoryStore) -> list[tuple[int, int, int]]:
    """(first, last, rows) of what is in the bucket and has a link's metadata."""
    found = [(key, metadata) for key, (_, metadata, _) in store.held.items() if "last-offset" in metadata]
    return [
        (int(key[-28:-8]), int(metadata["last-offset"]), int(metadata["rows"])) for key, metadata in found
    ]
