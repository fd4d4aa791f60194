"""A client that jumps over a batch with a broken checksum."""

from __future__ import annotations

import pytest
from fakes import PARTITION_ID, Broker, Run, covered, end, last_fault

from stock_objects.testing import MemoryStore
from stock_s3_sink import blocks
from stock_s3_sink.fetched import Fetched
from stock_s3_sink.gaps import merged


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's clock goes on by a tenth of a second a look."""
    monkeypatch.setattr(blocks, "FIRST_PAUSE", 0.5)


@pytest.mark.parametrize("answers", [1, 2], ids=["with the error", "after the error"])
def test_what_the_client_delivers_past_an_unreadable_batch_waits(
    broker: Broker, store: MemoryStore, answers: int
) -> None:
    """The client reports the batch once and jumps over it, in one answer or in two."""
    broker.append(9)
    before, after = broker.records(0, 4), broker.records(6, 9)
    broker.unreadable = {4, 5}
    run = Run(broker, store)
    run.source.frozen = True
    run.sink.poll_once()
    both = merged(before, after)
    jump = [
        Fetched({PARTITION_ID: both if answers == 1 else before}, set(), {PARTITION_ID: "CRC mismatch"}, [])
    ]
    jump += [Fetched({PARTITION_ID: after}, set(), {}, [])]
    consume = run.source.consume
    run.source.consume = lambda *_: jump.pop(0) if jump else Fetched.empty()  # type: ignore[method-assign]
    run.until(lambda: end(store) == 3 and "offset 4 cannot be read: CRC mismatch" in (last_fault(run) or ""))
    for _ in range(20):
        run.sink.poll_once()
    assert covered(store) == [(0, 3, 4)]
    broker.unreadable = set()
    run.source.consume = consume  # type: ignore[method-assign]
    run.until(lambda: end(store) == 8 and last_fault(run) is None)
    assert sum(rows for _, _, rows in covered(store)) == 9
