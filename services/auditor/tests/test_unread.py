"""Records that no object holds go back into their topic once, and the audit then finds them there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from memory_clients import MemoryClients
from replay_cluster import NOW

from stock_auditor.compare.evidence import Log, Readable
from stock_auditor.compare.offset_ranges import OffsetRange
from stock_auditor.decisions.topic import Acceptances, KafkaDecisions
from stock_auditor.replay.dead_letters import Choice, DeadLetter, Sorter
from stock_auditor.replay.filter import unchanged
from stock_auditor.replay.run import Replay, Timing
from stock_auditor.replay.topics import REPLAY_OF, KafkaOrigins
from stock_auditor.replay.unread import UnreadRecords, chain_of
from stock_auditor.stages.records import RECOVERS, RecordReader
from stock_common.keys import ObjectKey
from stock_common.links import Link
from stock_common.run import FatalError
from stock_common.topics import DEAD_LETTERS, DECISIONS, QUOTES, SCHEMA_HEADER
from stock_kafka.testing.broker import Broker

ROWS = [OffsetRange(0, 3), OffsetRange(6, 6)]


class World:
    """Ten records. A link holds five rows and one rejected one (5), so four are unread: 4, 7, 8, 9."""

    def __init__(self) -> None:
        self.now = 0.0
        self.broker = Broker(QUOTES, DEAD_LETTERS, DECISIONS)
        self.topic_id = self.broker.topics[QUOTES.name].topic_id
        for number in range(10):
            headers = [(SCHEMA_HEADER, "stock-quote/1")]
            self.broker.append(QUOTES.name, b"v%d" % number, f"key-{number}", headers, partition=2)
        self.clients: Any = MemoryClients(self.broker)
        key = ObjectKey(QUOTES.name, self.topic_id, 2, datetime(2026, 11, 23, 9, tzinfo=UTC), 0)
        self.link = Link(key, 9, 5, rejected=1, holes=4)
        self.letters = [
            None,
            DeadLetter(self.place(5), QUOTES.name, self.topic_id, 2, 5, 0, "schema", "bad", b"v5"),
        ]

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def place(self, offset: int) -> str:
        return f"{self.topic_id}/2/{offset}"

    def unread(self) -> UnreadRecords:
        reader = RecordReader(self.clients.admin, self.clients.reader)
        return UnreadRecords({self.link: ROWS}, reader.records, lambda: self.letters)

    def replay(self, mark: str = RECOVERS) -> int:
        """How many were sent."""
        origins = KafkaOrigins(self.clients, None, mark)
        timing = Timing(lambda: self.now, self.sleep, lambda: NOW)
        run = Replay("run", KafkaDecisions(self.clients), origins, unchanged, timing, lambda line: None)
        run.claim()
        due = Sorter(Choice(), run.register.sent).due(self.unread().read())
        sent = run.send(due, lambda done: True).sent
        run.end()
        return sent

    def readable(self) -> Readable:
        decisions = Acceptances(KafkaDecisions(self.clients))
        decisions.read()
        reader = RecordReader(self.clients.admin, self.clients.reader, decisions.sent)
        end = self.broker.partitions(QUOTES.name)[2].end
        (found,) = reader.readable(chain_of(self.link), [self.link], Log(0, end, 0)).values()
        return found


def test_what_is_neither_a_row_nor_rejected_is_unread() -> None:
    world = World()
    found = list(world.unread().read())
    assert [(letter.id, letter.value) for letter in found] == [
        (world.place(offset), b"v%d" % offset) for offset in (4, 7, 8, 9)
    ]
    assert {(letter.topic, letter.partition, letter.reason) for letter in found} == {
        (QUOTES.name, 2, "unread")
    }


def test_it_is_sent_once_and_then_the_audit_counts_it_where_it_is() -> None:
    world = World()
    assert world.readable() == Readable(10)
    assert (world.replay(), world.replay()) == (4, 0)
    copies = world.broker.records(QUOTES.name, 2)[10:]
    assert [(copy.value, copy.key) for copy in copies] == [
        (b"v%d" % offset, b"key-%d" % offset) for offset in (4, 7, 8, 9)
    ]
    assert copies[0].headers == [(SCHEMA_HEADER, b"stock-quote/1"), (RECOVERS, world.place(4).encode())]
    assert world.readable() == Readable(world.link.rows + world.link.rejected)


def test_a_replay_of_dead_letters_does_not_make_up_for_unread_records() -> None:
    world = World()
    assert world.replay(REPLAY_OF) == 4
    assert world.readable() == Readable(10)


def test_a_batch_that_a_killed_run_sent_is_found() -> None:
    world = World()
    world.replay()
    sent = world.broker.topics[DECISIONS.name].partitions[0]
    # Without the note of what became of the batch, and without the run's end.
    for offset in (sent.end - 1, sent.end - 2):
        del sent.records[offset]
    assert world.replay() == 0
    assert world.readable() == Readable(6)


def test_rows_that_are_not_loaded_are_not_sent_as_unread() -> None:
    world = World()
    reader = RecordReader(world.clients.admin, world.clients.reader)
    with pytest.raises(FatalError, match="Snowflake has 4 of the 5 rows of raw/"):
        UnreadRecords({world.link: ROWS[:1]}, reader.records, lambda: world.letters)
