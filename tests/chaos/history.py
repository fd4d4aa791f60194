"""Judges a history: was anything lost or doubled, and was each verdict *complete* true when it was given?

    python tests/chaos/history.py history.jsonl     exit code 1 where the history is wrong

A history is a file of events, one JSON object a line, in any order. Times are seconds of one clock.

    record     topic, partition, offset, id          Kafka holds it
    ack        id, at                                 Kafka acknowledged it to its sender
    stranger   id                                     a view may show it, once
    given_up   id                                     an operator gave it up: no view shows it
    put        key, begun, ended, status, client      a request to S3. status null: nobody saw an answer
    object     key, topic, partition, rows            what S3 holds: rows are pairs of offset and id
    committing at, transaction, files                 COMMIT begins. files are pairs of table and key
    committed  at, transaction                        and has ended
    verdict    begun, ended, complete, partitions     the auditor's, with the last offsets it saw on S3 and
                                                      in Snowflake, and the rows it counted
    read       begun, ended, view, count              somebody counts a view's rows
    view       view, topic, ids                       what a view shows at the end

Nothing of the product is used here, so no fault of it can hide in this program.
"""

from __future__ import annotations

import json
import sys
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

Event = dict[str, Any]
Chain = tuple[str, int]
NEVER = float("inf")
EXAMPLES = 5


class History:
    """The events by kind, and what follows from them about times."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.events: dict[str, list[Event]] = defaultdict(list)
        for event in events:
            self.events[event["event"]].append(event)
        self.acked = {event["id"] for event in self.events["ack"]}
        self.given_up = {event["id"] for event in self.events["given_up"]}
        self.strangers = {event["id"] for event in self.events["stranger"]}
        self.due = self.acked - self.given_up
        self.objects = {event["key"]: event for event in self.events["object"]}
        self.records = {
            (event["topic"], event["partition"], event["offset"]): event["id"]
            for event in self.events["record"]
        }
        self.committed = {event["transaction"]: event["at"] for event in self.events["committed"]}
        self.put_at = _first(
            (event["key"], event["begun"]) for event in self.events["put"] if event["status"] in (200, None)
        )
        self.loads = list(self._loads())
        self.load_begun = _first((key, begun) for key, begun, _ in self.loads)

    def _loads(self) -> Iterator[tuple[str, float, float]]:
        """Key, begin and end of each COMMIT that loaded it. One without an end may have taken place."""
        for event in self.events["committing"]:
            for _, key in event["files"]:
                yield key, event["at"], self.committed.get(event["transaction"], NEVER)

    def offsets(self) -> Iterator[tuple[str, int, int, str, str]]:
        """Topic, partition, offset, id and key of every row on S3."""
        for key, event in self.objects.items():
            for offset, one in event["rows"]:
                yield event["topic"], event["partition"], offset, one, key


def judge(history: History) -> list[str]:
    """What is wrong, each as a sentence."""
    checks = (acknowledged, shown, once_on_s3, same_as_kafka, once_loaded, verdicts, reads)
    return [text for check in checks for text in check(history)]


def acknowledged(history: History) -> Iterator[str]:
    """What Kafka acknowledged, it holds."""
    held = set(history.records.values())
    yield from _named("acknowledged and not in Kafka", history.acked - held)


def shown(history: History) -> Iterator[str]:
    """What was acknowledged is in the views once, and nothing else is but strangers' records."""
    seen = Counter(one for event in history.events["view"] for one in event["ids"])
    yield from _named("acknowledged and in no view", history.due - seen.keys())
    yield from _named("in the views more than once", (one for one, times in seen.items() if times > 1))
    yield from _named("in a view and never acknowledged", seen.keys() - history.acked - history.strangers)
    yield from _named("in a view and given up", seen.keys() & history.given_up)


def once_on_s3(history: History) -> Iterator[str]:
    """No key was put twice, no offset is in two objects, and each object was put."""
    puts = Counter(event["key"] for event in history.events["put"] if event["status"] == 200)
    yield from _named("put twice", (key for key, times in puts.items() if times > 1))
    yield from _named("on S3 and never put", history.objects.keys() - history.put_at.keys())
    yield from _named("put and not on S3", puts.keys() - history.objects.keys())
    offsets = Counter((topic, partition, offset) for topic, partition, offset, _, _ in history.offsets())
    yield from _named("in two objects", (_text(place) for place, times in offsets.items() if times > 1))


def same_as_kafka(history: History) -> Iterator[str]:
    """The object has at each offset what Kafka has there."""
    wrong = (
        f"{_text((topic, partition, offset))} in {key}"
        for topic, partition, offset, one, key in history.offsets()
        if history.records.get((topic, partition, offset), one) != one
    )
    yield from _named("another record on S3 than in Kafka", wrong)


def once_loaded(history: History) -> Iterator[str]:
    """No object was loaded by two transactions that are both committed, and none that is not on S3."""
    done = Counter(key for key, _, ended in history.loads if ended < NEVER)
    yield from _named("loaded twice", (key for key, times in done.items() if times > 1))
    yield from _named("loaded and not on S3", done.keys() - history.objects.keys())
    early = (key for key, begun, _ in history.loads if begun < history.put_at.get(key, -NEVER))
    yield from _named("loaded before it was put", early)


def verdicts(history: History) -> Iterator[str]:
    """What a verdict *complete* claims was true when it was given."""
    claims = _Claims(history)
    for event in sorted(history.events["verdict"], key=lambda event: event["ended"]):
        if event["complete"]:
            for part in event["partitions"]:
                yield from claims.arrived(event, part, "S3", part["s3_last"])
                yield from claims.arrived(event, part, "Snowflake", part["warehouse_last"])
                yield from claims.counted(event, part)


class _Claims:
    """What verdicts say of one partition. They come in the order of their times."""

    def __init__(self, history: History) -> None:
        self._due: dict[Chain, list[int]] = defaultdict(list)
        for (topic, partition, offset), one in sorted(history.records.items()):
            if one in history.due:
                self._due[topic, partition].append(offset)
        self._at: dict[str, dict[tuple[str, int, int], float]] = {"S3": {}, "Snowflake": {}}
        for topic, partition, offset, _, key in history.offsets():
            self._at["S3"][topic, partition, offset] = history.put_at.get(key, NEVER)
            self._at["Snowflake"][topic, partition, offset] = history.load_begun.get(key, NEVER)
        self._seen: Counter[tuple[str, Chain]] = Counter()
        self._rows: dict[Chain, list[int]] = defaultdict(list)
        for topic, partition, offset, _, _ in sorted(history.offsets()):
            self._rows[topic, partition].append(offset)

    def arrived(self, event: Event, part: Event, stage: str, last: int) -> Iterator[str]:
        """Everything up to `last` was in the stage by then. Each offset is asked for once."""
        topic, partition = chain = part["topic"], part["partition"]
        due, at = self._due[chain], self._at[stage]
        begin, end = self._seen[stage, chain], bisect_right(due, last)
        absent = [
            offset for offset in due[begin:end] if at.get((topic, partition, offset), NEVER) > event["ended"]
        ]
        self._seen[stage, chain] = max(begin, end)
        if absent:
            yield (
                f"the verdict of {event['ended']:.1f} says complete, but {topic}/{partition} lacked "
                f"{len(absent)} offsets up to {last} in {stage}, the first is {absent[0]}"
            )

    def counted(self, event: Event, part: Event) -> Iterator[str]:
        """The table has as many rows up to its last offset as the objects."""
        topic, partition, rows = part["topic"], part["partition"], part["rows"]
        held = bisect_right(self._rows[topic, partition], part["warehouse_last"])
        if rows != held:
            yield (
                f"the verdict of {event['ended']:.1f} says complete and counts {rows} rows of "
                f"{topic}/{partition} up to offset {part['warehouse_last']}, but the objects hold {held}"
            )


def reads(history: History) -> Iterator[str]:
    """A read shows what was committed before it, and nothing that was not committed by its end."""
    for view in {event["view"] for event in history.events["read"]}:
        topic = next((event["topic"] for event in history.events["view"] if event["view"] == view), None)
        first_begun, first_ended = _first_seen(history, topic)
        for event in (event for event in history.events["read"] if event["view"] == view):
            least = bisect_left(first_ended, event["begun"])
            most = bisect_right(first_begun, event["ended"])
            if not least <= event["count"] <= most:
                yield (
                    f"the read of {view} at {event['begun']:.1f} shows {event['count']} rows, "
                    f"but {least} to {most} were committed"
                )


def _first_seen(history: History, topic: str | None) -> tuple[list[float], list[float]]:
    """When each id of a topic was committed first: the begins, and the ends, in order."""
    begun: dict[str, float] = {}
    ended: dict[str, float] = {}
    for key, start, end in history.loads:
        event = history.objects.get(key)
        if event is not None and event["topic"] == topic:
            for _, one in event["rows"]:
                begun[one] = min(start, begun.get(one, NEVER))
                ended[one] = min(end, ended.get(one, NEVER))
    return sorted(begun.values()), sorted(ended.values())


def _first(pairs: Iterable[tuple[str, float]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for key, at in pairs:
        found[key] = min(at, found.get(key, NEVER))
    return found


def _named(what: str, names: Iterable[str]) -> Iterator[str]:
    found = sorted(set(names))
    if found:
        yield f"{what}: {len(found)}, {', '.join(found[:EXAMPLES])}"


def _text(place: tuple[str, int, int]) -> str:
    return f"{place[0]}/{place[1]} offset {place[2]}"


def read(file: Path) -> History:
    with file.open(encoding="utf-8") as lines:
        return History(json.loads(line) for line in lines)


def main() -> int:
    history = read(Path(sys.argv[1]))
    wrong = judge(history)
    print(", ".join(f"{len(events)} x {kind}" for kind, events in sorted(history.events.items())))
    print("\n".join(wrong) or "The history is right.")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
