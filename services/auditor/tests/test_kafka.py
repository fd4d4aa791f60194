from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import OffsetSpec
from world import NOW

from stock_auditor.compare.evidence import Log
from stock_auditor.stages.kafka import KafkaReader
from stock_common.topics import DEAD_LETTERS
from stock_kafka.cluster import TopicState, Unreachable
from stock_kafka.testing.admin import MemoryAdmin
from stock_kafka.testing.broker import Broker

LIMIT = 60.0
DUE_MS = int(NOW.timestamp() * 1000) - 60_000
"""A record of this time or later is younger than the limit."""


def new_broker(*times: int) -> Broker:
    """The offsets 10 and on hold records of these times. Retention took those before."""
    broker = Broker()
    broker.create("stock-data", 1, "e" * 32)
    for time in (*[0] * 10, *times):
        broker.append("stock-data", b"x", partition=0, time_ms=time)
    broker.delete_before("stock-data", 0, 10)
    return broker


def new_reader(broker: Broker) -> KafkaReader:
    admin: Any = MemoryAdmin(broker)
    return KafkaReader(admin)


@pytest.mark.parametrize(
    ("times", "limit", "due"),
    [
        pytest.param([DUE_MS - 1] * 20 + [DUE_MS] * 20, LIMIT, 30, id="some are older"),
        pytest.param([DUE_MS] * 40, LIMIT, 10, id="none is older"),
        pytest.param([DUE_MS - 1] * 40, LIMIT, 50, id="all are older"),
        pytest.param([DUE_MS - 1] * 20 + [DUE_MS] * 20, 0.0, 50, id="drained"),
    ],
)
def test_records_older_than_the_limit_are_due(times: list[int], limit: float, due: int) -> None:
    assert new_reader(new_broker(*times)).read("stock-data", 0, NOW, limit) == Log(10, 50, due)


class LateAdmin(MemoryAdmin):
    """Answers for a time with a given offset or failure, and for ends as the broker does."""

    def __init__(self, broker: Broker, answer: Any) -> None:
        super().__init__(broker)
        self._answer = answer

    def _offset(self, place: Any, spec: Any) -> int:
        if spec is OffsetSpec.earliest() or spec is OffsetSpec.latest():
            return super()._offset(place, spec)
        if isinstance(self._answer, int):
            return self._answer
        raise KafkaException(self._answer)


def test_records_written_since_the_end_was_read_are_not_due() -> None:
    admin: Any = LateAdmin(new_broker(*[DUE_MS - 1] * 40), 55)
    assert KafkaReader(admin).read("stock-data", 0, NOW, LIMIT) == Log(10, 50, 50)


def test_an_error_is_unreachable() -> None:
    admin: Any = LateAdmin(new_broker(), KafkaError(KafkaError._TIMED_OUT))
    with pytest.raises(Unreachable, match="stock-data/0 by time"):
        KafkaReader(admin).read("stock-data", 0, NOW, LIMIT)


class SilentAdmin(LateAdmin):
    """The answer for a time times out."""

    def _future(self, answer: Any, name: Any) -> Future[Any]:
        future = super()._future(answer, name)
        error = future.exception()
        if error is None:
            return future
        silent: Future[Any] = Future()
        silent.set_exception(TimeoutError())
        return silent


def test_no_answer_is_unreachable() -> None:
    admin: Any = SilentAdmin(new_broker(), KafkaError(KafkaError._TIMED_OUT))
    with pytest.raises(Unreachable, match="no answer for the offsets of stock-data/0 by time"):
        KafkaReader(admin).read("stock-data", 0, NOW, LIMIT)


def test_topics_and_dead_letters() -> None:
    broker = new_broker()
    reader = new_reader(broker)
    assert reader.topics(["stock-data", "stock-bars"]) == {
        "stock-data": TopicState("stock-data", "e" * 32, 1)
    }
    assert reader.dead_letters() == 0
    broker.create(DEAD_LETTERS.name, 2)
    for partition in (0, 0, 1):
        broker.append(DEAD_LETTERS.name, b"bad", partition=partition)
    broker.delete_before(DEAD_LETTERS.name, 0, 1)
    assert reader.dead_letters() == 2
