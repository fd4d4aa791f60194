"""A replay's side of Kafka, over a broker in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from confluent_kafka import KafkaError
from memory_clients import MemoryClients

from stock_auditor.decisions.records import Batch, Place
from stock_auditor.replay.dead_letters import DeadLetter
from stock_auditor.replay.run import NotSent
from stock_auditor.replay.topics import EDITED_BY, REPLAY_OF, KafkaOrigins
from stock_common.run import FatalError
from stock_common.topics import DEAD_LETTERS, QUOTES, SCHEMA_HEADER
from stock_kafka.testing.broker import Broker
from stock_kafka.testing.message import MemoryMessage


class World:
    """A topic whose first record was refused, and its dead letter."""

    def __init__(self, edited_by: str | None = None) -> None:
        self.broker = Broker(QUOTES, DEAD_LETTERS)
        self.topic_id = self.broker.topics[QUOTES.name].topic_id
        headers = [(SCHEMA_HEADER, "stock-quote/0"), ("trace", "t"), (REPLAY_OF, "earlier")]
        self.broker.append(QUOTES.name, b"bad", "AAPL", headers, partition=2)
        self.put_letter(0)
        clients: Any = MemoryClients(self.broker)
        self.origins = KafkaOrigins(clients, edited_by)

    def put_letter(self, offset: int, value: bytes = b"bad", topic: str = QUOTES.name) -> None:
        origin = {"topic": topic, "topic-id": self.topic_id, "partition": "2", "time": "7"}
        headers = {f"origin-{name}": text for name, text in origin.items()}
        headers |= {"origin-offset": str(offset), "reason": "schema", "text": "no price"}
        self.broker.append(DEAD_LETTERS.name, value, headers=list(headers.items()))

    def letters(self) -> list[DeadLetter]:
        return [letter for letter in self.origins.letters() if letter is not None]

    def send(self, values: Mapping[str, bytes] | None = None) -> dict[str, str]:
        letters = self.letters()
        places = self.origins.prepare(letters)
        return self.origins.send(letters, values or {letter.id: letter.value for letter in letters}, places)


def test_letters_are_read_and_what_is_none_is_passed_as_none() -> None:
    world = World()
    world.broker.append(DEAD_LETTERS.name, b"stranger")
    world.put_letter(0, topic="nobody-has-this")
    letters = list(world.origins.letters())
    expected = DeadLetter(
        f"{world.topic_id}/2/0", QUOTES.name, world.topic_id, 2, 0, 7, "schema", "no price", b"bad"
    )
    assert sorted(letters, key=lambda letter: letter is None) == [expected, None, None]


def test_a_letter_goes_back_with_the_key_and_headers_of_its_record() -> None:
    world = World(edited_by="jq .")
    (letter,) = world.letters()
    assert world.send() == {letter.id: f"{world.topic_id}/2/1"}
    sent = world.broker.records(QUOTES.name, 2)[1]
    assert (sent.value, sent.key) == (b"bad", b"AAPL")
    kept = [(SCHEMA_HEADER, b"stock-quote/0"), ("trace", b"t")]
    assert sent.headers == [*kept, (REPLAY_OF, letter.id.encode())]


def test_a_letter_that_was_filtered_names_the_command() -> None:
    world = World(edited_by="jq .")
    (letter,) = world.letters()
    world.send({letter.id: b"good"})
    sent = world.broker.records(QUOTES.name, 2)[1]
    assert (sent.value, sent.headers[-1]) == (b"good", (EDITED_BY, b"jq ."))


def test_a_letter_whose_record_is_gone_has_the_topic_s_schema_and_no_key() -> None:
    world = World()
    (letter,) = world.letters()
    world.broker.delete_before(QUOTES.name, 2, 1)
    world.send()
    (sent,) = world.broker.records(QUOTES.name, 2)
    assert sent.key is None
    assert sent.headers == [(SCHEMA_HEADER, QUOTES.schema.encode()), (REPLAY_OF, letter.id.encode())]


def test_a_letter_goes_to_a_topic_that_was_created_again_with_fewer_partitions() -> None:
    world = World()
    world.broker.create(QUOTES.name, 2, "e" * 32)
    assert world.origins.prepare(world.letters()) == [Place(QUOTES.name, "e" * 32, 0, 0)]
    (sent,) = world.send().values()
    assert sent == f"{'e' * 32}/0/0"


def test_letters_are_found_after_the_noted_ends_by_their_header() -> None:
    world = World()
    (letter,) = world.letters()
    places = world.origins.prepare([letter])
    batch = Batch(run="run", number=1, letters=[letter.id], places=places)
    assert world.origins.find(batch) == ({}, True)
    place = world.send()[letter.id]
    world.broker.append(QUOTES.name, b"another", partition=2)
    assert world.origins.find(batch) == ({letter.id: place}, True)
    world.broker.delete_before(QUOTES.name, 2, 2)
    assert world.origins.find(batch) == ({}, False)
    world.broker.create(QUOTES.name, QUOTES.partitions)
    assert world.origins.find(batch) == ({}, False)


def test_a_batch_that_the_broker_refuses_is_not_sent() -> None:
    world = World()
    world.broker.fault = KafkaError(KafkaError.NOT_ENOUGH_REPLICAS)
    with pytest.raises(NotSent, match="0 of 1"):
        world.send()


def test_a_cluster_without_the_dead_letter_topic_says_what_to_run() -> None:
    clients: Any = MemoryClients(Broker(QUOTES))
    with pytest.raises(FatalError, match="Kafka has no topic stock-dlq"):
        list(KafkaOrigins(clients, None).letters())


@pytest.mark.parametrize(
    ("topic", "partition"), [("nobody-has-this", 0), ("x" * 1_000, 0), (QUOTES.name, 10**6)]
)
def test_a_batch_that_names_no_place_of_ours_is_in_doubt(topic: str, partition: int) -> None:
    world = World()
    places = [Place(topic, world.topic_id, partition, 0)]
    assert world.origins.find(Batch(run="r", number=1, letters=["a"], places=places)) == ({}, False)


def test_headers_that_the_client_cannot_decode_hide_no_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    places = world.origins.prepare(world.letters())
    world.broker.append(QUOTES.name, b"hostile", partition=2)
    (letter,) = world.letters()
    world.origins.send([letter], {letter.id: letter.value}, places)
    decoded = MemoryMessage.headers

    def headers(message: MemoryMessage) -> list[tuple[str, bytes | None]] | None:
        if message.value() == b"hostile":
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
        return decoded(message)

    monkeypatch.setattr(MemoryMessage, "headers", headers)
    batch = Batch(run="r", number=1, letters=[letter.id], places=places)
    assert world.origins.find(batch) == ({letter.id: f"{world.topic_id}/2/2"}, True)
