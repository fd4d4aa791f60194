"""Poison among good quotes: dead-lettered, accounted for, and brought into the table by `replay`, each letter once."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from bare import bare_pipeline, begin, command, drained
from confluent_kafka import Consumer, Message, TopicPartition
from messages import ends
from pipeline import Pipeline
from poll import poll_until
from quotes import quote, send

from stock_common.records import encode
from stock_common.topics import DEAD_LETTERS, DECISIONS, QUOTES, Topic
from stock_stack.ports import HOST

RECORDS, ONE_IN = 12_000, 1_000
MEND = "import json, sys, time; time.sleep(0.6); q = json.load(sys.stdin); q['volume'] = int(q['volume']); print(json.dumps(q))"
"""An operator's filter; slow, so that a run has several batches."""


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    with bare_pipeline(tmp_path_factory.mktemp("letters")) as pipeline:
        yield pipeline


def replay(pipeline: Pipeline, *words: str) -> str:
    return command(pipeline, "auditor", "replay", *words)


def servers(pipeline: Pipeline) -> str:
    return f"{HOST}:{pipeline.stack.site.ports['kafka']}"


def everything(pipeline: Pipeline, topic: Topic) -> list[Message]:
    """All that the topic holds."""
    wanted = ends(servers(pipeline), topic.name, topic.partitions)
    consumer = Consumer({"bootstrap.servers": servers(pipeline), "group.id": "letters-test", "enable.auto.commit": False})
    found: list[Message] = []

    def whole() -> bool:
        found.extend(consumer.consume(1_000, 0.1))
        return len(found) >= sum(wanted.values())

    try:
        consumer.assign([TopicPartition(topic.name, partition, 0) for partition in wanted])
        poll_until(whole, f"all of {topic.name}", 60, 0)
    finally:
        consumer.close()
    return found


def headers(message: Message) -> dict[str, str]:
    return {name: str(value, "utf-8") for name, value in message.headers() or []}  # type: ignore[misc, arg-type]


def decided(message: Message, kind: str) -> dict[str, Any] | None:
    """The decision, when it is of this kind."""
    note = json.loads(message.value() or b"{}")
    return note if note.get("type") == kind else None


def until_noted(pipeline: Pipeline, kind: str) -> None:
    """Returns within milliseconds of the first decision of the kind."""
    consumer = Consumer({"bootstrap.servers": servers(pipeline), "group.id": "letters-test", "enable.auto.commit": False})
    try:
        consumer.assign([TopicPartition(DECISIONS.name, 0, 0)])

        def noted() -> bool:
            message = consumer.poll(0.05)
            return message is not None and message.error() is None and decided(message, kind) is not None

        poll_until(noted, f"a {kind} is noted", 60, 0)
    finally:
        consumer.close()


def audited(pipeline: Pipeline) -> dict[str, int]:
    verdict = pipeline.audit()
    assert verdict["exit_code"] == 0, verdict
    return {name: sum(part[name] for part in verdict["partitions"]) for name in ("rows", "rejected", "missing", "doubled", "resent")} | {
        "letters": verdict["dead_letters"]
    }


@pytest.mark.timeout(300)
def test_poison_is_dead_lettered_and_replayed_once_even_when_the_replay_is_killed(bare: Pipeline) -> None:
    quotes = [quote(number) for number in range(RECORDS)]
    poison = {each.event_id: each for each in quotes[ONE_IN // 2 :: ONE_IN]}
    values = {each.event_id: encode(each) for each in quotes}
    for event_id, each in poison.items():
        values[event_id] = json.dumps(json.loads(values[event_id]) | {"volume": str(each.volume)}).encode()
    send(bare, ((each.symbol, values[each.event_id]) for each in quotes))
    drained(bare)
    clean = {"missing": 0, "doubled": 0, "resent": 0, "rejected": len(poison), "letters": len(poison)}
    assert audited(bare) == clean | {"rows": RECORDS - len(poison)}

    origins = {f"{message.partition()}/{message.offset()}": message for message in everything(bare, QUOTES)}
    for letter in everything(bare, DEAD_LETTERS):
        told = headers(letter)
        origin = origins[f"{told['origin-partition']}/{told['origin-offset']}"]
        assert (letter.value(), told["origin-topic"], told["reason"]) == (origin.value(), QUOTES.name, "schema")
        assert json.loads(origin.value() or b"")["event_id"] in poison
        assert int(told["origin-time"]) == origin.timestamp()[1]

    edit = ("--reason", "schema", "--edit", f'{sys.executable} -c "{MEND}"')
    assert f"{len(poison)} letters would be sent. Nothing was." in replay(bare, "--dry-run", *edit)
    killed = begin(bare, "auditor", "replay", *edit)
    until_noted(bare, "batch")
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=10)
    (batch,) = [note for message in everything(bare, DECISIONS) if (note := decided(message, "batch"))]
    assert 0 < len(batch["letters"]) < len(poison)
    done = json.loads(replay(bare, "--json", *edit))
    assert (done["left_out"], done["in_doubt"]) == ({}, [])
    assert json.loads(replay(bare, "--json", *edit))["sent"] == 0

    drained(bare)
    assert audited(bare) == clean | {"rows": RECORDS}
    rows = bare.query("SELECT EVENT_ID, COUNT(*) AS N FROM STOCKS.RAW.STOCK_QUOTES GROUP BY EVENT_ID")
    assert dict(rows) == dict.fromkeys(values, 1)

    replayed = [message for message in everything(bare, QUOTES) if "replay-of" in headers(message)]
    assert len(replayed) == len(poison)
    for message in replayed:
        told = headers(message)
        _, partition, offset = told["replay-of"].split("/")
        origin = origins[f"{partition}/{offset}"]
        assert (message.key(), message.partition()) == (origin.key(), origin.partition())
        assert {name: value for name, value in told.items() if name not in ("replay-of", "edited-by")} == headers(origin)
        assert MEND in told["edited-by"]


def test_what_is_refused_once_more_is_a_letter_of_its_own(bare: Pipeline) -> None:
    before = audited(bare)
    send(bare, [("AAPL", b"no JSON")])
    drained(bare)
    bytes_kept = replay(bare, "--reason", "json")
    assert "1 letters were sent to the topics they came from." in bytes_kept
    drained(bare)
    assert audited(bare) == before | {"rejected": before["rejected"] + 2, "letters": before["letters"] + 2}
    values = [message.value() for message in everything(bare, DEAD_LETTERS) if headers(message)["reason"] == "json"]
    assert values == [b"no JSON"] * 2
    told = replay(bare, "--reason", "json")
    assert "1 letters are of records that were a replay already and were refused once more" in told
    assert "0 letters were sent" in told
    assert json.loads(replay(bare, "--json", "--dry-run", "--again", "--reason", "json"))["kinds"][0]["due"] == 1
