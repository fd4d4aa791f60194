from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any, NamedTuple

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import OffsetSpec
from world import NOW

from stock_auditor.evidence import Log
from stock_auditor.log import LogReader
from stock_kafka.cluster import Unreachable

LIMIT = 60.0


class Answer(NamedTuple):
    offset: int


class Admin:
    """Answers ListOffsets: `since` is the first offset of the asked time, -1 as the broker says for none."""

    def __init__(self, since: int | KafkaError | type[TimeoutError]) -> None:
        self.since = since
        self.asked: list[int] = []

    def list_offsets(self, places: Mapping[TopicPartition, OffsetSpec], request_timeout: float) -> dict[TopicPartition, Future[Answer]]:
        (place,) = places
        future: Future[Answer] = Future()
        kind: Any = places[place]
        if kind is OffsetSpec.earliest() or kind is OffsetSpec.latest():
            future.set_result(Answer(10 if kind is OffsetSpec.earliest() else 50))
            return {place: future}
        self.asked.append(kind._value)
        if isinstance(self.since, int):
            future.set_result(Answer(self.since))
        else:
            future.set_exception(KafkaException(self.since) if isinstance(self.since, KafkaError) else self.since())
        return {place: future}


@pytest.mark.parametrize(
    ("since", "limit", "due"),
    [
        pytest.param(30, LIMIT, 30, id="some are older"),
        pytest.param(10, LIMIT, 10, id="none is older"),
        pytest.param(-1, LIMIT, 50, id="all are older"),
        pytest.param(55, LIMIT, 50, id="written since"),
        pytest.param(30, 0.0, 50, id="drained"),
    ],
)
def test_records_older_than_the_limit_are_due(since: int, limit: float, due: int) -> None:
    admin: Any = Admin(since)
    assert LogReader(admin).read("stock-data", 0, NOW, limit) == Log(10, 50, due)
    assert admin.asked == ([int(NOW.timestamp() * 1000) - 60_000] if limit else [])


@pytest.mark.parametrize("failure", [KafkaError(KafkaError._TIMED_OUT), TimeoutError])
def test_no_answer_is_unreachable(failure: Any) -> None:
    admin: Any = Admin(failure)
    with pytest.raises(Unreachable, match="stock-data/3 by time"):
        LogReader(admin).read("stock-data", 3, NOW, LIMIT)
