"""Poison among good quotes is dead-lettered, counted, and replayed into the table, each letter once."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import pytest
from confluent_kafka import Message, TopicPartition

from stock_common.records import encode
from stock_common.topics import DEAD_LETTERS, DECISIONS, QUOTES, Topic
from stock_testing import messages
from stock_testing.messages import headers
from stock_testing.pipeline import Pipeline, bare_pipeline
from stock_testing.poll import poll_until
from stock_testing.quotes import quote, send

RECORDS, ONE_IN = 12_000, 1_000
REPAIR = (
    "import json, sys, time; time.sleep(0.6); "
    "q = json.load(sys.stdin); q['volume'] = int(q['volume']); print(json.dumps(q))"
)
"""An operator's filter. It is slow, so that a run has several batches."""


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    with bare_pipeline(tmp_path_factory.mktemp("letters")) as pipeline:
        yield pipeline


def replay(pipeline: Pipeline, *words: str) -> str:
    return pipeline.command("auditor", "replay", *words)


def everything(pipeline: Pipeline, topic: Topic) -> list[Message]:
    """All that the topic holds."""
    return list(messages.read(pipeline.servers, topic))


def decided(message: Message, kind: str) -> dict[str, Any] | None:
    """The decision, when it is of this kind."""
    note = messages.fields(message)
    return note if note.get("type") == kind else None


def until_noted(pipeline: Pipeline, kind: str) -> None:
    """Returns within milliseconds of the first decision of the kind."""
    with closing(messages.consumer(pipeline.servers)) as consumer:
        consumer.assign([TopicPartition(DECISIONS.name, 0, 0)])

        def noted() -> bool:
            message = consumer.poll(0.05)
            return message is not None and message.error() is None and decided(message, kind) is not None

        poll_until(noted, f"a {kind} is noted", 60, 0)


def audited(pipeline: Pipeline) -> dict[str, int]:
    verdict = pipeline.audit()
    assert verdict["exit_code"] == 0, verdict
    return {
        name: sum(part[name] for part in verdict["partitions"])
        for name in ("rows", "rejected", "missing", "doubled", "resent")
    } | {"letters": verdict["dead_letters"]}


def send_with_poison(pipeline: Pipeline) -> tuple[list[str], set[str]]:
    """Sends quotes, some with a volume of the wrong type. Returns all ids, and those of the poison."""
    quotes = [quote(number) for number in range(RECORDS)]
    poison = {each.event_id: each for each in quotes[ONE_IN // 2 :: ONE_IN]}
    values = {each.event_id: encode(each) for each in quotes}
    for event_id, each in poison.items():
        values[event_id] = json.dumps(json.loads(values[event_id]) | {"volume": str(each.volume)}).encode()
    send(pipeline, ((each.symbol, values[each.event_id]) for each in quotes))
    return list(values), set(poison)


def check_letter(letter: Message, origins: Mapping[str, Message], poison: set[str]) -> None:
    """The letter has the value of its origin, which is poison, and names it."""
    found = headers(letter)
    origin = origins[f"{found['origin-partition']}/{found['origin-offset']}"]
    assert letter.value() == origin.value()
    assert (found["origin-topic"], found["reason"]) == (QUOTES.name, "schema")
    assert json.loads(origin.value() or b"")["event_id"] in poison
    assert int(found["origin-time"]) == origin.timestamp()[1]


def check_replayed(message: Message, origins: Mapping[str, Message]) -> None:
    """The replayed record is where its origin is, with the same key and headers, and names the filter."""
    found = headers(message)
    _, partition, offset = found.pop("replay-of").split("/")
    assert REPAIR in found.pop("edited-by")
    origin = origins[f"{partition}/{offset}"]
    assert (message.key(), message.partition()) == (origin.key(), origin.partition())
    assert found == headers(origin)


@pytest.mark.timeout(300)
def test_poison_is_dead_lettered_and_replayed_once_even_when_the_replay_is_killed(bare: Pipeline) -> None:
    ids, poison = send_with_poison(bare)
    bare.drain()
    clean = {"missing": 0, "doubled": 0, "resent": 0, "rejected": len(poison), "letters": len(poison)}
    assert audited(bare) == clean | {"rows": RECORDS - len(poison)}

    origins = {f"{message.partition()}/{message.offset()}": message for message in everything(bare, QUOTES)}
    for letter in everything(bare, DEAD_LETTERS):
        check_letter(letter, origins, poison)

    edit = ("--reason", "schema", "--edit", f'{sys.executable} -c "{REPAIR}"')
    assert f"{len(poison)} letters would be sent. Nothing was." in replay(bare, "--dry-run", *edit)
    killed = bare.begin("auditor", "replay", *edit)
    until_noted(bare, "batch")
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=60)
    (batch,) = [note for message in everything(bare, DECISIONS) if (note := decided(message, "batch"))]
    assert 0 < len(batch["letters"]) < len(poison)
    done = json.loads(replay(bare, "--json", *edit))
    assert (done["left_out"], done["in_doubt"]) == ({}, [])
    assert json.loads(replay(bare, "--json", *edit))["sent"] == 0

    bare.drain()
    assert audited(bare) == clean | {"rows": RECORDS}
    rows = bare.query("SELECT EVENT_ID, COUNT(*) AS N FROM STOCKS.RAW.STOCK_QUOTES GROUP BY EVENT_ID")
    assert dict(rows) == dict.fromkeys(ids, 1)

    replayed = [message for message in everything(bare, QUOTES) if "replay-of" in headers(message)]
    assert len(replayed) == len(poison)
    for message in replayed:
        check_replayed(message, origins)


def test_what_is_refused_once_more_is_a_letter_of_its_own(bare: Pipeline) -> None:
    before = audited(bare)
    send(bare, [("AAPL", b"no JSON")])
    bare.drain()
    bytes_kept = replay(bare, "--reason", "json")
    assert "1 letters were sent to the topics they came from." in bytes_kept
    bare.drain()
    assert audited(bare) == before | {"rejected": before["rejected"] + 2, "letters": before["letters"] + 2}
    values = [
        message.value() for message in everything(bare, DEAD_LETTERS) if headers(message)["reason"] == "json"
    ]
    assert values == [b"no JSON"] * 2
    found = replay(bare, "--reason", "json")
    assert "1 letters are of records that were a replay already and were refused once more" in found
    assert "0 letters were sent" in found
    assert (
        json.loads(replay(bare, "--json", "--dry-run", "--again", "--reason", "json"))["kinds"][0]["due"] == 1
    )
