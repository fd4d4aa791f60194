"""A cluster in memory in which replays run, and die."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from memory_clients import MemoryClients

from stock_auditor.decisions.records import Decision, decode, encode
from stock_auditor.decisions.topic import KafkaDecisions
from stock_auditor.replay.dead_letters import Choice, DeadLetter, Sorter
from stock_auditor.replay.filter import LetterFilter, unchanged
from stock_auditor.replay.run import Replay, Timing
from stock_auditor.replay.topics import REPLAY_OF, KafkaOrigins
from stock_common.topics import DECISIONS, QUOTES
from stock_kafka.testing.broker import Broker, Record

NOW = datetime(2026, 11, 23, tzinfo=UTC)
OLD_ID = "0" * 31 + "1"
FIRST_FREE = 1000
"""The partitions' ends before anything is replayed."""


class Died(BaseException):
    """kill -9."""


class FragileBroker(Broker):
    """Calls `before` with "note" or "send" before it takes a record of a client."""

    def __init__(self) -> None:
        super().__init__(DECISIONS)
        self.before: Callable[[str], None] = lambda what: None
        self.create_quotes(OLD_ID)

    def create_quotes(self, topic_id: str) -> None:
        self.create(QUOTES.name, 2, topic_id)
        for partition in self.partitions(QUOTES.name):
            partition.first = partition.end = FIRST_FREE

    def append(self, topic: str, *arguments: Any, **named: Any) -> Record:
        self.before("note" if topic == DECISIONS.name else "send")
        return super().append(topic, *arguments, **named)


@dataclass
class Cluster:
    """The topics of a replay, its clock, and where a run is to die: before the so-many-th step of any run."""

    letters: list[DeadLetter] = field(default_factory=list)
    now: float = 0.0
    steps: int = 0
    dies_at: int = -1
    on_step: Callable[[str], None] = lambda what: None
    broker: FragileBroker = field(default_factory=FragileBroker)

    def __post_init__(self) -> None:
        self.broker.before = self.step

    def step(self, what: str) -> None:
        if self.steps == self.dies_at:
            raise Died
        self.steps += 1
        self.on_step(what)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    @property
    def decisions(self) -> list[Decision]:
        return [decode(record.value or b"") for record in self.broker.records(DECISIONS.name)]

    def note(self, decision: Decision) -> None:
        """A decision by somebody else: no step of a run."""
        Broker.append(self.broker, DECISIONS.name, encode(decision), decision.key)

    def put(self, partition: int, count: int = 1, replay_of: str = "") -> None:
        """Records by somebody else, or a late one of a run."""
        headers = [(REPLAY_OF, replay_of)] if replay_of else []
        for _ in range(count):
            Broker.append(self.broker, QUOTES.name, b"x", headers=headers, partition=partition)

    def replayed(self) -> list[str]:
        """The letters that arrived, in whichever partition and under whichever topic id."""
        headers = [dict(record.headers) for record in self.broker.arrived if record.topic == QUOTES.name]
        return sorted((each[REPLAY_OF] or b"").decode() for each in headers if REPLAY_OF in each)


def letter(offset: int, partition: int = 0, reason: str = "schema", topic_id: str = OLD_ID) -> DeadLetter:
    return DeadLetter(
        f"{topic_id}/{partition}/{offset}",
        QUOTES.name,
        topic_id,
        partition,
        offset,
        offset * 1000,
        reason,
        "bad",
        b"v%d" % offset,
    )


LETTERS: Sequence[DeadLetter] = [letter(offset, partition=offset % 2) for offset in range(7)]


def new_run(
    cluster: Cluster,
    name: str,
    letter_filter: LetterFilter = unchanged,
    sleep: Callable[[float], None] | None = None,
) -> Replay:
    clients: Any = MemoryClients(cluster.broker)
    timing = Timing(lambda: cluster.now, sleep or cluster.sleep, lambda: NOW)
    origins = KafkaOrigins(clients, edited_by=None)
    return Replay(name, KafkaDecisions(clients), origins, letter_filter, timing, lambda line: None)


def complete(cluster: Cluster, name: str = "last") -> list[str]:
    """Runs a replay to its end. Returns the letters in doubt."""
    replay = new_run(cluster, name)
    doubtful = replay.claim()
    replay.send(Sorter(Choice(), replay.register.sent).due(cluster.letters), lambda done: True)
    replay.end()
    return doubtful
