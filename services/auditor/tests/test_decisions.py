"""`stock-decisions`, over a broker in memory."""

from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka import KafkaError
from memory_clients import READER, MemoryClients
from replay_cluster import NOW

from stock_auditor.decisions.records import (
    Accepted,
    Batch,
    Claim,
    Decision,
    End,
    Register,
    Withdrawn,
    decode,
    encode,
)
from stock_auditor.decisions.topic import Acceptances, KafkaDecisions
from stock_common.run import FatalError
from stock_common.topics import DECISIONS, SCHEMA_HEADER
from stock_kafka.cluster import Unreachable
from stock_kafka.testing.broker import Broker
from stock_kafka.testing.consumer import MemoryConsumer
from stock_kafka.testing.message import event

FIRST, SECOND = Claim(run="first", at=NOW), Claim(run="second", at=NOW)
LOSS = "lost to retention: 40 of the offsets 0 to 99 were gone before they were read (KEY)"


def new_topic(broker: Broker) -> KafkaDecisions:
    clients: Any = MemoryClients(broker)
    return KafkaDecisions(clients)


def test_decisions_of_a_later_version_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="unheard"):
        decode(b'{"type":"unheard"}')
    register = Register()
    register.apply(Batch(run="nobody", number=1, letters=[], places=[]))
    assert register.open is None


def test_decisions_are_read_once_in_order_by_each_reader() -> None:
    broker = Broker(DECISIONS)
    writer, reader = new_topic(broker), new_topic(broker)
    assert reader.read() == []
    writer.append(FIRST)
    writer.append(SECOND)
    assert reader.read() == [FIRST, SECOND]
    broker.append(DECISIONS.name, b'{"type":"unheard"}')
    writer.append(End(run="second"))
    assert reader.read() == [End(run="second")]
    assert new_topic(broker).read() == [FIRST, SECOND, End(run="second")]
    (record, *_) = broker.records(DECISIONS.name)
    assert (record.key, dict(record.headers)) == (
        FIRST.key.encode(),
        {SCHEMA_HEADER: DECISIONS.schema.encode()},
    )


NESTED = b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.parametrize(
    ("value", "key"),
    [
        pytest.param(NESTED, "any", id="200 kB of nested brackets"),
        pytest.param(encode(SECOND), "accepted/12345678", id="a decision under another key"),
        pytest.param(b"\xff", FIRST.key, id="no text"),
        pytest.param(
            b'{"type":"sent","run":"r","number":1,"letters":{"a":1}}', "replay/r/1/sent", id="schema"
        ),
    ],
)
def test_a_message_that_is_no_decision_is_counted_and_skipped(value: bytes, key: str) -> None:
    broker = Broker(DECISIONS)
    topic = new_topic(broker)
    broker.append(DECISIONS.name, value, key)
    topic.append(FIRST)
    assert (topic.read(), topic.refused.count) == ([FIRST], 1)


def test_what_compaction_took_is_passed_over() -> None:
    broker = Broker(DECISIONS)
    topic = new_topic(broker)
    for decision in (FIRST, SECOND, End(run="second")):
        topic.append(decision)
    broker.delete_at(DECISIONS.name, 0, [0, 2])
    assert topic.read() == [SECOND]
    broker.delete_before(DECISIONS.name, 0, 2)
    assert new_topic(broker).read() == []


class FaultyConsumer(MemoryConsumer):
    """The broker refuses every message after the first one, once."""

    fault: KafkaError | None = KafkaError(KafkaError._ALL_BROKERS_DOWN)

    def consume(self, num_messages: int = 1, timeout: float = 0) -> list[Any]:
        if num_messages > 1 and self.fault is not None:
            self.fault = None
            return [event(DECISIONS.name, 0, -1, KafkaError._ALL_BROKERS_DOWN)]
        return super().consume(num_messages, timeout)


def test_a_read_that_fails_half_way_loses_no_decision() -> None:
    broker = Broker(DECISIONS)
    clients: Any = MemoryClients(broker)
    readers = iter([FaultyConsumer(broker, READER), MemoryConsumer(broker, READER)])
    clients.reader = lambda group: next(readers)
    topic = KafkaDecisions(clients)
    topic.append(FIRST)
    topic.append(SECOND)
    with pytest.raises(Unreachable):
        topic.read()
    # The next one has a client of its own: the former may have come to a stand.
    assert topic.read() == [FIRST, SECOND]


def test_a_decision_that_the_broker_refuses_is_unreachable() -> None:
    broker = Broker(DECISIONS)
    broker.fault = KafkaError(KafkaError.NOT_ENOUGH_REPLICAS)
    with pytest.raises(Unreachable, match="stock-decisions"):
        new_topic(broker).append(FIRST)


def test_acceptances_are_those_not_withdrawn() -> None:
    broker = Broker(DECISIONS)
    topic = new_topic(broker)
    acceptances = Acceptances(new_topic(broker))
    assert acceptances.read() == {}
    topic.append(Accepted(finding=LOSS, reason="a weekend", at=NOW))
    assert acceptances.read() == {LOSS: "a weekend, 2026-11-23"}
    topic.append(Withdrawn(finding=LOSS, at=NOW))
    assert acceptances.read() == {}


def test_a_cluster_without_the_topic_has_no_acceptances_and_takes_no_decision() -> None:
    assert Acceptances(new_topic(Broker())).read() == {}
    decision: Decision = FIRST
    for call in (lambda topic: topic.append(decision), lambda topic: topic.read()):
        with pytest.raises(FatalError, match="run the topic job"):
            call(new_topic(Broker()))
