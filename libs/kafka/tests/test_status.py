from __future__ import annotations

from datetime import UTC, datetime

import pytest
from confluent_kafka import KafkaError, KafkaException

from stock_common import status
from stock_common.status import ChainStatus
from stock_common.topics import SCHEMA_HEADER, STATUS
from stock_kafka.config import KafkaSettings
from stock_kafka.status import StatusPublisher

STATE = ChainStatus(
    at=datetime(2026, 11, 20, 15, 30, tzinfo=UTC),
    topic="stock-data",
    topic_id="a" * 32,
    partition=0,
    last_offset=41,
    last_object=None,
    put_at=None,
    last_kafka_time=None,
    buffered=0,
)


class Client:
    """A producer that refuses messages while `faults` lasts."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.taken: list[tuple[str, bytes, str, dict[str, str]]] = []
        self.polls = 0

    def produce(self, topic: str, value: bytes, key: str, headers: dict[str, str]) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.taken.append((topic, value, key, headers))

    def poll(self, seconds: float) -> None:
        assert seconds == 0
        self.polls += 1


@pytest.fixture
def publisher() -> StatusPublisher:
    return StatusPublisher(KafkaSettings(kafka_bootstrap_servers="127.0.0.1:1"), "test")


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(
            KafkaException(KafkaError(KafkaError._UNKNOWN_TOPIC)), id="the broker lists no topics yet"
        ),
        pytest.param(BufferError("queue full"), id="the queue is full"),
    ],
)
def test_a_state_that_the_client_refuses_is_dropped_and_the_next_one_goes_out(
    publisher: StatusPublisher, fault: Exception
) -> None:
    client = publisher._producer = Client(fault)
    publisher.publish(STATE)
    assert (client.taken, client.polls) == ([], 1)
    publisher.publish(STATE)
    assert client.taken == [(STATUS.name, status.encode(STATE), STATE.key, {SCHEMA_HEADER: STATUS.schema})]


def test_a_cluster_that_is_away_blocks_nothing(publisher: StatusPublisher) -> None:
    publisher.publish(STATE)
    publisher.close(0.0)
