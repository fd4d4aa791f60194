"""Dead letters: what the sink wrote to `stock-dlq`, which of them are chosen, and how many there are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from stock_common.domain import END_INSTANT, INTEGER_LIMIT
from stock_common.keys import is_topic_id
from stock_common.ledger import TABLES

SAMPLES = 3
MOST_PARTITION = 99_999
"""Object keys hold a partition with five digits."""
END_MILLISECONDS = int(END_INSTANT.timestamp() * 1000)
_REASON = re.compile("[a-z_]{1,32}")


class DeadLetter(NamedTuple):
    """One dead letter.

    id: topic id/partition/offset of the record that was refused.
    time: the broker's for that record, in ms since 1970 UTC.
    """

    id: str
    topic: str
    topic_id: str
    partition: int
    offset: int
    time: int
    reason: str
    text: str
    value: bytes


class Choice(NamedTuple):
    """Which letters to send. A None sets no condition.

    since, until: in ms since 1970 UTC, `until` not included.
    again: with letters of records that were a replay themselves and were refused once more.
    """

    topic: str | None = None
    partition: int | None = None
    reason: str | None = None
    since: int | None = None
    until: int | None = None
    again: bool = False

    def takes(self, letter: DeadLetter) -> bool:
        return (
            self.topic in (None, letter.topic)
            and self.partition in (None, letter.partition)
            and self.reason in (None, letter.reason)
            and (self.since is None or letter.time >= self.since)
            and (self.until is None or letter.time < self.until)
        )


def parse(headers: Mapping[str, bytes], value: bytes) -> DeadLetter:
    """The letter in a message of `stock-dlq`. Raises ValueError for one that the sink did not write.

    So one message by somebody else, of a topic that does not exist or with a number that nothing can hold,
    does not end a replay.
    """
    try:
        topic, topic_id, reason = (
            headers[name].decode() for name in ("origin-topic", "origin-topic-id", "reason")
        )
        partition, offset, time = (int(headers[f"origin-{name}"]) for name in ("partition", "offset", "time"))
    except (KeyError, ValueError) as error:
        raise ValueError(f"not a dead letter: {error!r}") from None
    # The time of a record can be its producer's, and then it can be anything.
    time = min(max(time, 0), END_MILLISECONDS - 1)
    numbers_fit = 0 <= partition <= MOST_PARTITION and 0 <= offset < INTEGER_LIMIT
    if topic not in TABLES or not is_topic_id(topic_id) or not numbers_fit or not _REASON.fullmatch(reason):
        raise ValueError("not a dead letter: its origin is none of ours")
    text = headers.get("text", b"").decode(errors="replace")
    identity = f"{topic_id}/{partition}/{offset}"
    return DeadLetter(identity, topic, topic_id, partition, offset, time, reason, text, value)


@dataclass
class Survey:
    """Letters counted by (topic, reason). A letter that a crashed sink wrote twice counts once.

    chosen: all that the choice takes.
    replayed: those of `chosen` that were sent before.
    again: those of `chosen` whose record was a replay, and was refused once more.
    due: those of `chosen` that are to be sent.
    samples: the first few of `due` of each kind.
    foreign: messages that are no letters.
    """

    chosen: Counter[tuple[str, str]] = field(default_factory=Counter)
    replayed: Counter[tuple[str, str]] = field(default_factory=Counter)
    again: Counter[tuple[str, str]] = field(default_factory=Counter)
    due: Counter[tuple[str, str]] = field(default_factory=Counter)
    samples: dict[tuple[str, str], list[DeadLetter]] = field(default_factory=dict)
    foreign: int = 0


class Sorter:
    """Decides for each letter, in the topic's order, whether it is due, and counts it.

    sent: letter → where its record is now, of all replays before.
    """

    def __init__(self, choice: Choice, sent: Mapping[str, str]) -> None:
        self._choice, self._sent = choice, sent
        self._replays: Container[str] = frozenset(sent.values())
        self._seen: set[str] = set()
        self.survey = Survey()

    def due(self, letters: Iterable[DeadLetter | None]) -> Iterable[DeadLetter]:
        """Those that are to be sent. None stands for a message that is no letter."""
        for letter in letters:
            if letter is None:
                self.survey.foreign += 1
            elif letter.id not in self._seen and self._choice.takes(letter):
                self._seen.add(letter.id)
                if self._count(letter):
                    yield letter

    def _count(self, letter: DeadLetter) -> bool:
        kind = (letter.topic, letter.reason)
        self.survey.chosen[kind] += 1
        if letter.id in self._sent:
            self.survey.replayed[kind] += 1
            return False
        if letter.id in self._replays:
            self.survey.again[kind] += 1
            if not self._choice.again:
                return False
        self.survey.due[kind] += 1
        samples = self.survey.samples.setdefault(kind, [])
        if len(samples) < SAMPLES:
            samples.append(letter)
        return True
