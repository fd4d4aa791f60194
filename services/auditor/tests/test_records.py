"""Reading records themselves, over a broker in memory."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import takewhile
from typing import Any

import pytest
from confluent_kafka import KafkaError
from memory_clients import READER, MemoryClients

from stock_auditor.compare.evidence import Log, Probe, Readable, Rewritten
from stock_auditor.stages.records import RECOVERS, RecordReader
from stock_common.keys import ObjectKey
from stock_common.links import Link
from stock_common.topics import QUOTES
from stock_kafka.testing.broker import Broker
from stock_kafka.testing.consumer import MemoryConsumer
from stock_kafka.testing.message import MemoryMessage, event
from stock_objects.chain import Chain

BAD = "Local: Bad message format"


class BrokenConsumer(MemoryConsumer):
    """What is at `broken` has another checksum than its batch says."""

    broken: int | None = None

    def consume(self, num_messages: int = 1, timeout: float = 0) -> list[Any]:
        found: list[Any] = super().consume(num_messages, timeout)
        good = list(takewhile(lambda each: self.broken is None or each.offset() < self.broken, found))
        return good if len(good) == len(found) else [*good, event(QUOTES.name, 2, -1, KafkaError._BAD_MSG)]


class World:
    """Partition 2 with ten records. Each client that was made is in `clients`."""

    def __init__(self) -> None:
        self.broker = Broker(QUOTES)
        self.chain = Chain(QUOTES.name, self.broker.topics[QUOTES.name].topic_id, 2)
        for number in range(10):
            self.broker.append(QUOTES.name, b"v%d" % number, partition=2)
        self.broken: int | None = None
        self.clients: list[BrokenConsumer] = []
        self.sent: dict[str, str] = {}
        admin: Any = MemoryClients(self.broker).admin
        self.reader = RecordReader(admin, self.client, lambda: self.sent)

    def client(self, group: str) -> Any:
        made = BrokenConsumer(self.broker, READER | {"group.id": group})
        made.broken = self.broken
        self.clients.append(made)
        return made

    @property
    def log(self) -> Log:
        held = self.broker.partitions(QUOTES.name)[2]
        return Log(held.first, held.end, 0)

    def link(self, first: int, last: int, holes: int) -> Link:
        key = ObjectKey(*self.chain, datetime(2026, 11, 23, 9, tzinfo=UTC), first)
        return Link(key, last, last - first + 1 - holes, holes=holes)

    def readable(self, *links: Link) -> list[Readable]:
        return list(self.reader.readable(self.chain, links, self.log).values())

    def place(self, offset: int) -> str:
        return f"{self.chain.topic_id}/2/{offset}"

    def send_again(self, offset: int, value: bytes, recovers: str | None = None) -> None:
        headers = [(RECOVERS, self.place(offset) if recovers is None else recovers)]
        copy = self.broker.append(QUOTES.name, value, headers=headers, partition=2)
        self.sent[self.place(offset)] = self.place(copy.offset)


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(
    ("gone", "probe"),
    [
        pytest.param([], Probe(6, 6), id="a record"),
        pytest.param([6, 7], Probe(6, 8), id="a record after offsets without one"),
        pytest.param([6, 7, 8, 9], Probe(6, 10), id="none up to the end"),
    ],
)
def test_a_probe_says_up_to_where_there_is_no_record(world: World, gone: list[int], probe: Probe) -> None:
    world.broker.delete_at(QUOTES.name, 2, gone)
    assert world.reader.probe(world.chain, 6, 10) == probe
    assert [client.closed for client in world.clients] == [True]


def test_a_probe_names_what_cannot_be_read(world: World) -> None:
    world.broken = 6
    assert world.reader.probe(world.chain, 6, 10) == Probe(6, 6, BAD)
    assert world.reader.probe(world.chain, 4, 10) == Probe(4, 4)


def test_the_records_of_links_with_holes_are_counted_by_a_new_client_once(world: World) -> None:
    world.broker.delete_at(QUOTES.name, 2, [3])
    links = [world.link(0, 4, holes=2), world.link(5, 9, holes=1), world.link(5, 9, holes=0)]
    assert world.readable(*links[:2]) == [Readable(4), Readable(5)]
    assert world.readable(*links) == [Readable(4), Readable(5)]
    assert [client.closed for client in world.clients] == [True, True]


def test_a_range_that_the_log_has_in_part_is_not_counted(world: World) -> None:
    links = [world.link(0, 4, holes=2), world.link(5, 9, holes=1), world.link(10, 10**18, holes=1)]
    world.broker.delete_before(QUOTES.name, 2, 3)
    assert world.readable(*links) == [Readable(5)]


def test_a_range_with_a_broken_batch_says_so_and_is_read_again(world: World) -> None:
    link = world.link(0, 9, holes=1)
    world.broken = 6
    assert world.readable(link) == [Readable(0, BAD)]
    world.broken = None
    assert world.readable(link) == [Readable(10)]


def test_what_was_sent_again_is_counted_where_it_is(world: World) -> None:
    link = world.link(0, 9, holes=2)
    world.send_again(3, b"v3")
    world.send_again(4, b"v4")
    assert world.readable(link) == [Readable(8)]
    clients = len(world.clients)
    assert world.readable(link) == [Readable(8)]
    assert len(world.clients) == clients


def test_a_forged_note_hides_nothing(world: World) -> None:
    link = world.link(0, 9, holes=8)
    world.send_again(3, b"another value")
    world.send_again(4, b"v4", recovers="elsewhere")
    world.sent[world.place(5)] = ""
    world.sent[world.place(6)] = world.place(6)
    world.sent[world.place(7)] = world.place(10**18)
    world.sent[world.place(8)] = f"{world.chain.topic_id}/0/0"
    world.sent["a/b"] = "x" * 100
    world.sent[f"{world.chain.topic_id}/2/" + "9" * 5_000] = world.place(1)
    world.sent[world.place(9)] = f"{world.chain.topic_id}/2/-1"
    assert world.readable(link) == [Readable(10)]


def test_a_record_of_a_later_leader_at_the_end_of_a_link_is_another_record(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = world.link(0, 4, 0)._replace(leader_epoch=3)
    last, unknown = world.link(5, 9, 0)._replace(leader_epoch=3), world.link(5, 9, 0)
    epochs = dict.fromkeys(range(10), 3)
    monkeypatch.setattr(MemoryMessage, "leader_epoch", lambda message: epochs[message.offset()])

    def rewritten(*links: Link, again: bool = False) -> Rewritten | None:
        return world.reader.rewritten(links, world.log, again)

    assert rewritten(first, last) is None
    epochs[9] = 5
    assert rewritten(first, last) is None, "each link is looked at once"
    assert rewritten(first, last, again=True) == Rewritten(last, 5)
    assert rewritten(first, unknown) is None, "the ledger does not know the epoch"
    assert rewritten(last._replace(last=10), again=True) is None, "the log ends before it"
