"""The loop over a broker and a bucket in memory, with zombies, retention and re-created topics."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from fakes import GOOD, PARTITION_ID, Broker, Run, covered, end

from stock_common.deadline import Deadline
from stock_common.run import FatalError
from stock_common.status import ChainStatus
from stock_objects.errors import ObjectError
from stock_objects.testing import MemoryStore
from stock_s3_sink import loop
from stock_s3_sink.cutter import Limits


def test_everything_is_put_within_the_flush_age_and_the_rest_at_the_close(
    broker: Broker, store: MemoryStore
) -> None:
    broker.append(5)
    run = Run(broker, store)
    run.until(lambda: end(store) == 4)
    broker.append(3)
    run.sink.poll_once()
    run.sink.close(Deadline(25))
    assert covered(store) == [(0, 4, 5), (5, 7, 3)]
    assert run.source.committed == {PARTITION_ID: 8}


def test_the_status_says_when_the_oldest_and_the_newest_record_of_the_last_object_came(
    broker: Broker, store: MemoryStore
) -> None:
    broker.append(5)
    run = Run(broker, store)
    run.until(lambda: end(store) == 4 and any(state.last_offset == 4 for state in run.publisher.states))
    status = run.publisher.states[-1]
    assert isinstance(status, ChainStatus)
    first, last = (datetime.fromtimestamp(broker.log[offset][1] / 1000, UTC) for offset in (0, 4))
    assert (status.first_kafka_time, status.last_kafka_time) == (first, last)
    assert first < last


def test_a_close_that_can_put_nothing_keeps_its_deadline(broker: Broker, store: MemoryStore) -> None:
    """Leaving the group revokes the partitions.

    The second flush has only the time that the first one left.
    """
    broker.append(5)
    run = Run(broker, store)
    run.until(lambda: end(store) == 4)
    broker.append(3)
    run.sink.poll_once()
    broker.unreachable = 10**6
    begun = time.monotonic()
    run.sink.close(Deadline(1))
    assert time.monotonic() - begun < 5
    assert end(store) == 4


def test_a_stop_is_not_kept_waiting_by_a_position_that_cannot_be_known(
    broker: Broker, store: MemoryStore
) -> None:
    broker.unreachable = 10**6
    run = Run(broker, store)
    run.stopping = True
    with pytest.raises(
        FatalError, match="Asked to stop before the position of stock-data/0 was known: no answer"
    ):
        run.sink.poll_once()


def test_a_successor_reads_on_from_s3_whatever_was_committed(broker: Broker, store: MemoryStore) -> None:
    broker.append(5)
    Run(broker, store).until(lambda: end(store) == 4)
    broker.append(5)
    successor = Run(broker, store)
    successor.until(lambda: end(store) == 9)
    assert covered(store) == [(0, 4, 5), (5, 9, 5)]


def test_two_writers_of_one_partition_make_one_chain(broker: Broker, store: MemoryStore) -> None:
    """A zombie that still holds records and its successor, turn by turn."""
    zombie, successor = Run(broker, store, Limits(3, 10**6, 1.0)), Run(broker, store, Limits(5, 10**6, 1.0))
    for _ in range(20):
        broker.append(7)
        zombie.sink.poll_once()
        successor.sink.poll_once()
    successor.until(lambda: end(store) == 139)
    zombie.until(lambda: not zombie.sink._parts[PARTITION_ID].cutter.rows)
    assert sum(rows for _, _, rows in covered(store)) == 140


def test_offsets_that_were_gone_before_a_chain_began_are_a_lost_link_too(
    broker: Broker, store: MemoryStore
) -> None:
    broker.append(10)
    broker.first = 4
    Run(broker, store).until(lambda: end(store) == 9)
    assert covered(store) == [(0, 3, 0), (4, 9, 6)]


def test_records_that_retention_took_become_a_lost_link(broker: Broker, store: MemoryStore) -> None:
    broker.append(5)
    Run(broker, store).until(lambda: end(store) == 4)
    broker.append(10)
    broker.first = 8
    run = Run(broker, store)
    run.until(lambda: end(store) == 14)
    assert covered(store) == [(0, 4, 5), (5, 7, 0), (8, 14, 7)]
    assert run.registry.get_sample_value("stock_s3_sink_offsets_lost_total", {"topic": "stock-data"}) == 3


def test_retention_that_passes_a_running_sink_loses_only_unread_records(
    broker: Broker, store: MemoryStore
) -> None:
    run = Run(broker, store, Limits(1000, 10**6, 1000.0))
    broker.append(5)
    run.sink.poll_once()
    broker.append(20)
    broker.first = 15
    run.until(lambda: end(store) >= 14)
    assert covered(store)[:2] == [(0, 4, 5), (5, 14, 0)]


def test_a_truncated_log_is_refused(broker: Broker, store: MemoryStore) -> None:
    broker.append(5)
    Run(broker, store).until(lambda: end(store) == 4)
    del broker.log[3:]
    with pytest.raises(FatalError, match="truncated"):
        Run(broker, store).sink.poll_once()
    assert covered(store) == [(0, 4, 5)]


def test_a_topic_made_again_while_it_is_read_puts_nothing_and_then_has_a_chain_of_its_own(
    broker: Broker, store: MemoryStore
) -> None:
    broker.append(5)
    run = Run(broker, store)
    run.sink.poll_once()
    broker.ids["stock-data"] = "b" * 32
    with pytest.raises(FatalError, match="made again"):
        run.until(lambda: False)
    assert covered(store) == []
    Run(broker, store).until(lambda: covered(store, "b" * 32) == [(0, 4, 5)])


def test_nothing_is_put_while_the_topic_ids_are_unknown(broker: Broker, store: MemoryStore) -> None:
    run = Run(broker, store)
    broker.append(5)
    run.sink.poll_once()
    broker.unreachable = 3
    run.until(lambda: end(store) == 4)
    assert broker.unreachable == 0


def test_lost_partitions_put_nothing(broker: Broker, store: MemoryStore) -> None:
    run = Run(broker, store)
    broker.append(5)
    run.sink.poll_once()
    run.source.give = False
    run.sink.lost([PARTITION_ID])
    for _ in range(30):
        run.sink.poll_once()
    assert covered(store) == []


def test_a_sleeper_drops_its_buffers_and_looks_its_position_up(broker: Broker, store: MemoryStore) -> None:
    run = Run(broker, store)
    broker.append(5)
    run.sink.poll_once()
    run.sink._parts[PARTITION_ID].cutter.cut("age")
    run.clock.now += 1000
    run.sink._start(run.sink._parts)
    run.until(lambda: end(store) == 4)
    assert covered(store) == [(0, 4, 5)]


def test_s3_failing_for_a_while_stops_nothing(broker: Broker, store: MemoryStore) -> None:
    store.faults = [("put_new", ObjectError("503"))] * 2 + [("put_new", ObjectError("timeout"), "after")]
    broker.append(5)
    run = Run(broker, store)
    run.until(lambda: end(store) == 4)
    assert run.registry.get_sample_value("stock_s3_sink_put_retries_total") == 3


def test_at_the_memory_ceiling_partitions_pause_and_resume(broker: Broker, store: MemoryStore) -> None:
    store.faults = [("put_new", ObjectError("503"))] * 3
    broker.append(100)
    run = Run(broker, store, Limits(10**6, 10**9, 1000.0), buffer_bytes=50 * len(GOOD))
    run.until(lambda: end(store) == 99)
    run.until(lambda: run.source.pauses == ["pause", "resume"])


def test_a_revoked_partition_is_flushed_committed_and_forgotten(broker: Broker, store: MemoryStore) -> None:
    run = Run(broker, store, Limits(10**6, 10**9, 1000.0))
    broker.append(5)
    run.sink.poll_once()
    run.sink.revoked([PARTITION_ID])
    assert covered(store) == [(0, 4, 5)]
    assert run.source.committed == {PARTITION_ID: 5}
    assert not run.sink._parts


def test_a_flush_that_s3_refuses_ends_at_its_deadline_and_leaves_all_to_the_next_owner(
    broker: Broker, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "REVOKE_SECONDS", 0.3)
    store.faults = [("put_new", ObjectError("503"))] * 50
    run = Run(broker, store, Limits(10**6, 10**9, 1000.0))
    broker.append(5)
    run.sink.poll_once()
    run.sink.revoked([PARTITION_ID])
    assert covered(store) == []
    assert run.source.committed == {PARTITION_ID: 0}
    store.faults = []
    Run(broker, store).until(lambda: end(store) == 4)
    assert covered(store) == [(0, 4, 5)]


def test_paused_partitions_resume_on_a_rebalance(broker: Broker, store: MemoryStore) -> None:
    """Also one that gives this sink nothing."""
    store.faults = [("put_new", ObjectError("503"))] * 3
    broker.append(100)
    run = Run(broker, store, Limits(10**6, 10**9, 1000.0), buffer_bytes=50 * len(GOOD))
    run.until(lambda: run.source.pauses == ["pause"])
    run.source.listener.assigned([])
    broker.append(100)
    run.until(lambda: end(store) >= 150)
