"""`stock-auditor status` and `decisions`: keys are listed, and a poisoned one is forgotten."""

from __future__ import annotations

import io
from typing import Any

import pytest
from memory_clients import MemoryClients
from replay_cluster import NOW

from stock_auditor.commands import parse
from stock_auditor.compacted.command import as_text, forget
from stock_auditor.compacted.topic import CompactedTopic
from stock_auditor.decisions import records
from stock_auditor.decisions.records import Accepted, Claim
from stock_auditor.decisions.topic import KafkaDecisions
from stock_common import status
from stock_common.run import FatalError
from stock_common.status import ChainStatus
from stock_common.topics import DECISIONS, STATUS
from stock_kafka.testing.broker import Broker

NESTED = b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
STATE = ChainStatus(
    at=NOW,
    topic="stock-data",
    topic_id="a" * 32,
    partition=7,
    last_offset=1,
    last_object=None,
    put_at=None,
    last_kafka_time=None,
    buffered=0,
)


class Topics:
    def __init__(self) -> None:
        self.broker = Broker(STATUS, DECISIONS)
        self.clients: Any = MemoryClients(self.broker)
        self.status = CompactedTopic(self.clients, STATUS, status.decode_under)
        self.decisions = CompactedTopic(self.clients, DECISIONS, records.decode_under)
        self.broker.append(STATUS.name, status.encode(STATE), STATE.key)

    def poison(self, topic: str, key: str | bytes) -> None:
        self.broker.append(topic, NESTED, key)


@pytest.fixture
def topics() -> Topics:
    return Topics()


def forgotten(topic: CompactedTopic, *keys: str, any_key: bool = True) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    return forget(topic, keys, any_key, out, err), out.getvalue(), err.getvalue()


def test_the_keys_are_listed_and_what_readers_skip_comes_first(topics: Topics) -> None:
    topics.poison(STATUS.name, b"z\xff\x1b[2J")
    topics.broker.append(STATUS.name, status.encode(STATE), "audit")
    found = topics.status.entries()
    assert [(each.name, bool(each.fault)) for each in found] == [
        ("audit", True),
        ("z\\xff\\u001b[2J", True),
        (STATE.key, False),
    ]
    text = as_text(found)
    assert text.replace("\n", "").isprintable()
    lines = text.splitlines()
    assert lines[0].split() == ["id", "key", "written", "bytes", "readers"]
    assert "stands under another key" in lines[1]
    assert lines[3].endswith("take it")


def test_only_the_newest_message_of_a_key_counts(topics: Topics) -> None:
    topics.poison(STATUS.name, STATE.key)
    (poisoned,) = topics.status.entries()
    assert poisoned.fault
    topics.broker.append(STATUS.name, status.encode(STATE), STATE.key)
    (healed,) = topics.status.entries()
    assert not healed.fault


@pytest.mark.parametrize("by_id", [True, False])
def test_a_poisoned_key_is_forgotten(topics: Topics, by_id: bool) -> None:
    topics.poison(STATUS.name, b"z\xff\x1b[2J")
    (poisoned, _) = topics.status.entries()
    assert forgotten(topics.status, poisoned.id if by_id else poisoned.name) == (
        0,
        "Forgotten: z\\xff\\u001b[2J\n",
        "",
    )
    assert [each.name for each in topics.status.entries()] == [STATE.key]
    gone = topics.broker.arrived[-1]
    assert (gone.key, gone.value, gone.partition) == (b"z\xff\x1b[2J", None, 0)


def test_all_the_keys_are_forgotten_or_none(topics: Topics) -> None:
    code, out, err = forgotten(topics.status, STATE.key, "absent")
    assert (code, out) == (1, "")
    assert err.startswith("absent is not there: nothing was changed.")
    assert len(topics.status.entries()) == 1


def test_a_decision_is_not_forgotten(topics: Topics) -> None:
    claim, loss = Claim(run="r", at=NOW), Accepted(finding="lost to retention: x", reason="known", at=NOW)
    writer = KafkaDecisions(topics.clients)
    for decision in (claim, loss):
        writer.append(decision)
    topics.poison(DECISIONS.name, "poison")
    for decision in (claim, loss):
        code, _, err = forgotten(topics.decisions, "poison", decision.key, any_key=False)
        assert (code, err) == (1, f"{decision.key} is a decision: nothing was changed. See --help.\n")
    assert forgotten(topics.decisions, "poison", any_key=False)[0] == 0
    reader = KafkaDecisions(topics.clients)
    assert reader.read() == [claim, loss]
    assert [each.name for each in topics.decisions.entries()] == [loss.key, claim.key]


def test_a_long_list_is_cut(topics: Topics) -> None:
    for number in range(250):
        topics.broker.append(STATUS.name, b"{}", f"key-{number}")
    lines = as_text(topics.status.entries()).splitlines()
    assert (len(lines), lines[-1]) == (202, "and 51 more keys")


def test_without_the_topic_there_is_one_sentence() -> None:
    clients: Any = MemoryClients(Broker())
    with pytest.raises(FatalError, match="run the topic job"):
        CompactedTopic(clients, STATUS, status.decode_under).entries()


@pytest.mark.parametrize(
    "words", [["status"], ["status", "forget"], ["status", "list", "key"], ["decisions", "drop", "key"]]
)
def test_wrong_arguments_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        parse(words)
    assert refused.value.code == 2
    assert capsys.readouterr().err
