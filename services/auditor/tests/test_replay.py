from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stock_auditor.decisions import Batch, Claim, Decision, Place, Register, decode, encode
from stock_auditor.edit import editor, unchanged
from stock_auditor.letters import Choice, Letter, Sorter, parse
from stock_auditor.replay import BATCH_LETTERS, SEND_SECONDS, SETTLE_SECONDS, Busy, Progress, Replay, Undelivered
from stock_auditor.replay_command import Task, replay_once

NOW = datetime(2026, 11, 23, tzinfo=UTC)
OLD_ID = "0" * 31 + "1"
FIRST_FREE = 1000
"""The partitions' ends before anything is replayed."""


def letter(offset: int, partition: int = 0, reason: str = "schema", topic_id: str = OLD_ID) -> Letter:
    return Letter(f"{topic_id}/{partition}/{offset}", "stock-data", topic_id, partition, offset, offset * 1000, reason, "bad", b"v%d" % offset)


class Died(BaseException):
    """kill -9."""


@dataclass
class Cluster:
    """The topics of a replay, its clock, and where a run is to die: before the so-many-th step of any run."""

    letters: list[Letter] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    records: dict[int, list[str]] = field(default_factory=lambda: {0: ["x"] * FIRST_FREE, 1: ["x"] * FIRST_FREE})
    topic_id: str = OLD_ID
    first: int = 0
    now: float = 0.0
    steps: int = 0
    dies_at: int = -1
    on_step: Callable[[str], None] = lambda what: None

    def step(self, what: str) -> None:
        if self.steps == self.dies_at:
            raise Died
        self.steps += 1
        self.on_step(what)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def replayed(self) -> list[str]:
        return sorted(record for records in self.records.values() for record in records if record != "x")


class MemoryDecisions:
    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.position = cluster, 0

    def read(self) -> list[Decision]:
        new = self.cluster.decisions[self.position :]
        self.position += len(new)
        return new

    def append(self, decision: Decision) -> None:
        self.cluster.step("note")
        self.cluster.decisions.append(decode(encode(decision)))


class MemoryOrigins:
    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def prepare(self, letters: Sequence[Letter]) -> list[Place]:
        partitions = sorted({letter.partition for letter in letters})
        return [Place("stock-data", self.cluster.topic_id, each, len(self.cluster.records[each])) for each in partitions]

    def send(self, letters: Sequence[Letter], values: Mapping[str, bytes], places: Sequence[Place]) -> dict[str, str]:
        sent = {}
        for each in letters:
            self.cluster.step("send")
            self.cluster.records[each.partition].append(each.id)
            sent[each.id] = f"{self.cluster.topic_id}/{each.partition}/{len(self.cluster.records[each.partition]) - 1}"
        return sent

    def find(self, batch: Batch) -> tuple[dict[str, str], bool]:
        found, whole = {}, True
        for place in batch.places:
            if place.topic_id != self.cluster.topic_id:
                whole = False
                continue
            whole = whole and self.cluster.first <= place.end
            for offset, record in enumerate(self.cluster.records[place.partition]):
                if offset >= max(place.end, self.cluster.first) and record in batch.letters:
                    found[record] = f"{place.topic_id}/{place.partition}/{offset}"
        return found, whole


def new_run(cluster: Cluster, name: str, edit: Callable[[bytes], bytes] = unchanged) -> Replay:
    said: list[str] = []
    return Replay(name, MemoryDecisions(cluster), MemoryOrigins(cluster), edit, lambda: cluster.now, cluster.sleep, lambda: NOW, said.append)


def complete(cluster: Cluster, name: str = "last") -> list[str]:
    """A run to its end; returns the letters in doubt."""
    replay = new_run(cluster, name)
    doubtful = replay.claim()
    replay.send(Sorter(Choice(), replay.register.sent).due(cluster.letters), lambda done: True)
    replay.end()
    return doubtful


LETTERS = [letter(offset, partition=offset % 2) for offset in range(7)]


@pytest.mark.parametrize("step", range(11))
def test_a_run_that_dies_anywhere_is_finished_by_the_next(step: int) -> None:
    cluster = Cluster(LETTERS, dies_at=step)
    with pytest.raises(Died):
        complete(cluster, "first")
    cluster.dies_at = -1
    assert complete(cluster) == []
    assert cluster.replayed() == sorted(each.id for each in LETTERS)
    assert complete(cluster, "once more") == []
    assert len(cluster.replayed()) == len(LETTERS)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 12), max_size=6), st.integers(1, 3))
def test_deaths_in_a_row_change_nothing(deaths: list[int], batches: int) -> None:
    letters = [letter(offset, partition=offset % 2) for offset in range(BATCH_LETTERS * batches - 3)]
    cluster = Cluster(letters)
    for number, death in enumerate(deaths):
        cluster.dies_at = cluster.steps + death * 9
        with suppress(Died):
            complete(cluster, f"run {number}")
    cluster.dies_at = -1
    complete(cluster)
    assert cluster.replayed() == sorted(each.id for each in letters)


def test_the_next_run_waits_only_where_the_last_one_died() -> None:
    cluster = Cluster(LETTERS)
    complete(cluster)
    assert cluster.now == 0
    complete(cluster)
    assert cluster.now == 0
    cluster.letters = [*LETTERS, letter(9)]
    cluster.dies_at = cluster.steps + 2
    with pytest.raises(Died):
        complete(cluster)
    cluster.dies_at = -1
    complete(cluster, "after")
    assert cluster.now == SETTLE_SECONDS


def test_a_second_run_leaves_a_living_one_alone() -> None:
    cluster = Cluster(LETTERS)
    first = new_run(cluster, "first")
    first.claim()
    second = new_run(cluster, "second")
    second._sleep = lambda seconds: first._note(Batch(run="first", number=1, letters=[], places=[]))
    with pytest.raises(Busy, match="Another replay is running"):
        second.claim()


def test_a_run_that_was_taken_over_stops_before_it_sends() -> None:
    cluster = Cluster(LETTERS)
    first = new_run(cluster, "first")
    first.claim()
    second = new_run(cluster, "second")
    second.claim()
    with pytest.raises(Busy, match="took over"):
        first.send(LETTERS, lambda done: True)
    assert cluster.replayed() == []
    assert second.catch_up().open is None
    second.send(LETTERS, lambda done: True)
    assert len(cluster.replayed()) == len(LETTERS)


def test_a_batch_noted_just_before_the_claim_is_given_its_time() -> None:
    """The first run is slow, not dead: it notes its batch while the second one claims, and sends it then."""
    cluster = Cluster(LETTERS)
    first, second = new_run(cluster, "first"), new_run(cluster, "second")
    first.claim()

    def late(what: str) -> None:
        if cluster.decisions[-1] != Claim(run="second", at=NOW) and what == "note" and second.register.owner == "first":
            cluster.on_step = lambda what: None
            first._topic.append(Batch(run="first", number=1, letters=[LETTERS[0].id], places=[Place("stock-data", OLD_ID, 0, FIRST_FREE)]))

    def sleep(seconds: float) -> None:
        cluster.now += seconds
        if seconds == SETTLE_SECONDS:
            cluster.records[0].append(LETTERS[0].id)

    cluster.on_step = late
    second._sleep = sleep
    second.claim()
    assert list(second.register.sent) == [LETTERS[0].id]
    second.send(Sorter(Choice(), second.register.sent).due(LETTERS), lambda done: True)
    assert cluster.replayed() == sorted(each.id for each in LETTERS)


def test_a_process_that_stood_still_sends_nothing() -> None:
    cluster = Cluster(LETTERS)
    replay = new_run(cluster, "slow")
    replay.claim()
    cluster.on_step = lambda what: cluster.sleep(SEND_SECONDS + 1)
    with pytest.raises(Undelivered, match="stood still"):
        replay.send(LETTERS, lambda done: True)
    assert cluster.replayed() == []


@pytest.mark.parametrize("change", [{"topic_id": "e" * 32}, {"first": FIRST_FREE + 2}], ids=["topic made anew", "retention took the records"])
def test_what_cannot_be_looked_for_is_in_doubt_and_never_sent_again(change: dict[str, object]) -> None:
    cluster = Cluster(LETTERS[:1], dies_at=3)
    with pytest.raises(Died):
        complete(cluster, "first")
    cluster.dies_at = -1
    for name, value in change.items():
        setattr(cluster, name, value)
    cluster.records[0] += ["x"] * 5
    assert complete(cluster) == [LETTERS[0].id]
    assert cluster.replayed() == [LETTERS[0].id]


def test_batches_end_with_the_stop() -> None:
    cluster = Cluster([letter(offset) for offset in range(250)])
    replay = new_run(cluster, "run")
    replay.claim()
    seen: list[Progress] = []

    def go_on(done: Progress) -> bool:
        seen.append(done)
        return len(seen) < 2

    assert replay.send(cluster.letters, go_on).sent == 200
    assert [done.sent for done in seen] == [100, 200]


def test_the_choice_and_the_counts() -> None:
    letters = [letter(1), letter(1), letter(2, reason="json"), None, letter(3, partition=1), letter(4), letter(5)]
    sorter = Sorter(Choice(reason="schema", since=1000, until=5000, partition=0), {letter(1).id: f"{OLD_ID}/0/4"})
    assert list(sorter.due(letters)) == []
    assert (sorter.survey.replayed.total(), sorter.survey.again.total(), sorter.survey.foreign) == (1, 1, 1)
    assert list(Sorter(Choice(again=True), {letter(1).id: f"{OLD_ID}/0/4"}).due(letters)) == [
        letter(2, reason="json"),
        letter(3, 1),
        letter(4),
        letter(5),
    ]
    assert list(Sorter(Choice(topic="stock-bars"), {}).due(letters)) == []


def test_a_letter_is_what_the_sink_wrote() -> None:
    headers = {
        "origin-topic": b"stock-data",
        "origin-topic-id": OLD_ID.encode(),
        "origin-partition": b"3",
        "origin-offset": b"12",
        "origin-time": b"1700000000000",
        "reason": b"json",
        "text": b"no JSON",
    }
    assert parse(headers, b"{") == Letter(f"{OLD_ID}/3/12", "stock-data", OLD_ID, 3, 12, 1_700_000_000_000, "json", "no JSON", b"{")
    for broken in ({}, {"origin-offset": b"x"}, {"reason": b"\xff"}):
        with pytest.raises(ValueError, match="not a dead letter"):
            parse({**headers, **broken} if broken else {}, b"{")


def test_decisions_of_a_later_version_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="not a decision"):
        decode(b'{"type":"unheard"}')
    register = Register()
    register.apply(Batch(run="nobody", number=1, letters=[], places=[]))
    assert register.open is None


def told(cluster: Cluster, dry_run: bool = False, as_json: bool = False, choice: Choice | None = None, edit: str = "") -> tuple[int, str, str]:
    def read() -> Iterator[Letter | None]:
        return iter(cluster.letters)

    out, err = io.StringIO(), io.StringIO()
    replay = new_run(cluster, "run", editor(edit) if edit else unchanged)
    code = replay_once(Task(replay, read, choice or Choice(), None, dry_run, as_json), lambda: True, out, err)
    return code, out.getvalue(), err.getvalue()


def test_a_dry_run_shows_and_sends_nothing() -> None:
    cluster = Cluster([*LETTERS, letter(8, reason="json")])
    code, out, _ = told(cluster, dry_run=True)
    assert (code, cluster.steps) == (0, 0)
    assert out.splitlines()[:5] == [
        "topic       reason  letters  replayed  refused again  to send",
        "stock-data  json          1         0              0        1",
        "stock-data  schema        7         0              0        7",
        "stock-data/0 offset 8, 1970-01-01T00:00:08Z: json: bad",
        "    v8",
    ]
    assert out.splitlines()[-1] == "8 letters would be sent. Nothing was."
    told_json = json.loads(told(cluster, dry_run=True, as_json=True)[1])
    assert told_json["kinds"][0] == {"topic": "stock-data", "reason": "json", "letters": 1, "replayed": 0, "refused_again": 0, "due": 1}
    assert (told_json["samples"][0]["value"], len(told_json["samples"])) == ("v8", 4)


def test_what_was_sent_is_told_and_what_is_refused_again_waits_for_a_word() -> None:
    cluster = Cluster(LETTERS)
    code, out, _ = told(cluster)
    assert (code, out.splitlines()[-1]) == (0, "7 letters were sent to the topics they came from.")
    cluster.letters = [*LETTERS, letter(FIRST_FREE)]
    code, out, _ = told(cluster)
    assert (code, out.splitlines()[-1]) == (0, "0 letters were sent to the topics they came from.")
    assert "1 letters are of records that were a replay already and were refused once more: mend what refuses them, then add --again." in out
    assert told(cluster, choice=Choice(again=True))[1].splitlines()[-1] == "1 letters were sent to the topics they came from."


def test_an_edit_changes_the_bytes_and_leaves_out_what_it_fails_on() -> None:
    cluster = Cluster(LETTERS)
    program = "import sys; t = sys.stdin.read(); sys.exit('no') if t == 'v3' else print(t.upper())"
    code, out, _ = told(cluster, edit=f'{sys.executable} -c "{program}"')
    assert (code, len(cluster.replayed())) == (1, 6)
    assert f"Left out: {LETTERS[3].id}: exit code 1: no" in out
    assert editor(f'{sys.executable} -c "{program}"')(b"v1") == b"V1"
    for command, fault in (("no-such-command", "No such file"), ("true", "answered nothing")):
        with pytest.raises(ValueError, match=fault):
            editor(command)(b"x")
    with pytest.raises(ValueError, match="empty"):
        editor(" ")


def test_another_run_is_said_and_1() -> None:
    cluster = Cluster(LETTERS)
    new_run(cluster, "other").claim()
    cluster.on_step = lambda what: cluster.decisions.append(Claim(run="third", at=NOW))
    code, out, _ = told(cluster)
    assert (code, out.splitlines()[-1]) == (1, "Another replay took over: this one has stopped.")
