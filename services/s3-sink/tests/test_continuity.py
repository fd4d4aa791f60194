"""A log that lost its end and was written again has other records at offsets that were taken."""

from __future__ import annotations

import pytest
from fakes import Broker, Run, end

from stock_common.run import FatalError
from stock_objects.testing import MemoryStore


def written_again(broker: Broker, first: int, count: int) -> None:
    """An unclean election: the next leader lacks what follows `first`, and writes other records there."""
    del broker.log[first:]
    broker.append(count)
    broker.epochs |= dict.fromkeys(range(first, first + count), 2)


def test_records_of_a_later_leader_go_on(broker: Broker, store: MemoryStore) -> None:
    broker.append(9)
    run = Run(broker, store)
    run.until(lambda: end(store) == 8)
    broker.append(3)
    broker.epochs = dict.fromkeys(range(9, 12), 2)
    run.until(lambda: end(store) == 11)
    broker.append(1)
    broker.epochs[12] = 2
    again = Run(broker, store)
    again.until(lambda: end(store) == 12)


@pytest.mark.parametrize("count", [4, 20], ids=["the log ends where S3 ends", "the log goes on after it"])
def test_a_log_that_was_written_again_stops_a_sink_at_its_start(
    broker: Broker, store: MemoryStore, count: int
) -> None:
    broker.append(9)
    run = Run(broker, store)
    run.until(lambda: end(store) == 8)
    written_again(broker, 5, count)
    with pytest.raises(FatalError, match=r"offset 8 was read under leader epoch 0.* one of epoch 2"):
        Run(broker, store).until(lambda: end(store) > 8)
    assert end(store) == 8


def test_a_log_that_was_written_again_stops_a_sink_that_runs(broker: Broker, store: MemoryStore) -> None:
    broker.append(9)
    run = Run(broker, store)
    run.until(lambda: end(store) == 8)
    written_again(broker, 5, 20)
    with pytest.raises(FatalError, match="log truncated"):
        run.until(lambda: end(store) > 8)
    assert end(store) == 8
