"""Dead letters: what the sink wrote to `stock-dlq`, which of them are chosen, and how many there are of each kind. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

SAMPLES = 3


class Letter(NamedTuple):
    """One letter. `id` is topic id/partition/offset of the record that was refused, `time` the broker's for that record in ms since 1970 UTC."""

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
    """Which letters: None leaves a thing open. `since` and `until` in ms since 1970 UTC, `until` not included.

    `again`: also letters of records that were a replay themselves and were refused once more.
    """

    topic: str | None = None
    partition: int | None = None
    reason: str | None = None
    since: int | None = None
    until: int | None = None
    again: bool = False

    def takes(self, letter: Letter) -> bool:
        return (
            self.topic in (None, letter.topic)
            and self.partition in (None, letter.partition)
            and self.reason in (None, letter.reason)
            and (self.since is None or letter.time >= self.since)
            and (self.until is None or letter.time < self.until)
        )


def parse(headers: Mapping[str, bytes], value: bytes) -> Letter:
    """The letter in a message of `stock-dlq`. Raises ValueError for one that the sink did not write."""
    try:
        said = {name: headers[name].decode() for name in ("origin-topic", "origin-topic-id", "reason")}
        text = headers.get("text", b"").decode(errors="replace")
        partition, offset, time = (int(headers[f"origin-{name}"]) for name in ("partition", "offset", "time"))
    except (KeyError, ValueError) as error:
        raise ValueError(f"not a dead letter: {error!r}") from None
    identity = f"{said['origin-topic-id']}/{partition}/{offset}"
    return Letter(identity, said["origin-topic"], said["origin-topic-id"], partition, offset, time, said["reason"], text, value)


@dataclass
class Survey:
    """Letters counted by (topic, reason). A letter that a crashed sink wrote twice is one.

    `chosen` are all that the choice takes; of these `replayed` were sent before, `again` are replays that were refused once more,
    and `due` are to be sent. `foreign` counts messages that are no letters. `samples` holds the first few that are due of each kind.
    """

    chosen: Counter[tuple[str, str]] = field(default_factory=Counter)
    replayed: Counter[tuple[str, str]] = field(default_factory=Counter)
    again: Counter[tuple[str, str]] = field(default_factory=Counter)
    due: Counter[tuple[str, str]] = field(default_factory=Counter)
    samples: dict[tuple[str, str], list[Letter]] = field(default_factory=dict)
    foreign: int = 0


class Sorter:
    """Says of each letter, in the topic's order, whether it is due, and counts it."""

    def __init__(self, choice: Choice, sent: Mapping[str, str]) -> None:
        self._choice, self._sent = choice, sent
        self._replays: Container[str] = frozenset(sent.values())
        self._seen: set[str] = set()
        self.survey = Survey()

    def due(self, letters: Iterable[Letter | None]) -> Iterable[Letter]:
        """Those that are to be sent; None stands for a message that is no letter."""
        for letter in letters:
            if letter is None:
                self.survey.foreign += 1
            elif letter.id not in self._seen and self._choice.takes(letter):
                self._seen.add(letter.id)
                if self._count(letter):
                    yield letter

    def _count(self, letter: Letter) -> bool:
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
