"""Object keys of the chain, in which key order is chain order.

The shape is `raw/<topic>/<topic id>/partition=NNNNN/dt=YYYY-MM-DD/hour=HH/o<first offset>.parquet`.
An hour never goes back along a chain, and offsets are zero-padded.

Example, a listing that has come to a stranger's file and goes on at the next key that may be a link:

    next_start(chain_prefix, LINK, f"{chain_prefix}dt=2026-03-02/hour=14/part-00000.parquet")
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple

from stock_common.domain import END_INSTANT, FIRST_INSTANT, INTEGER_LIMIT

ROOT = "raw/"
_TOPIC_ID = r"[0-9a-f]{32}"
_KEY = re.compile(
    rf"raw/(?P<topic>[A-Za-z0-9._-]{{1,249}})/(?P<topic_id>{_TOPIC_ID})/partition=(?P<partition>[0-9]{{5}})/"
    r"dt=(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})/hour=(?P<hour>[0-9]{2})/o(?P<first>[0-9]{20})\.parquet"
)

Shape = tuple[str, ...]
"""A text of fixed length: the characters that each place may have, in order."""
_DIGIT = "0123456789"
TOPIC_ID_FOLDER: Shape = (*["0123456789abcdef"] * 32, "/")
PARTITION_FOLDER: Shape = (*"partition=", *[_DIGIT] * 5, "/")
LINK: Shape = (
    *("d", "t", "=", *[_DIGIT] * 4, "-", *[_DIGIT] * 2, "-", *[_DIGIT] * 2, "/"),
    *("h", "o", "u", "r", "=", *[_DIGIT] * 2, "/"),
    *("o", *[_DIGIT] * 20, *".parquet"),
)
"""What follows the prefix of a chain in the key of a link."""


class ObjectKey(NamedTuple):
    """The place of one link. `hour` is aware, UTC and whole, `first` is the link's first offset."""

    topic: str
    topic_id: str
    partition: int
    hour: datetime
    first: int

    def __str__(self) -> str:
        day = self.hour.strftime("dt=%Y-%m-%d/hour=%H")
        return (
            f"{partition_prefix(self.topic, self.topic_id, self.partition)}{day}/o{self.first:020d}.parquet"
        )


def parse(key: str) -> ObjectKey:
    """The key's parts. Raises ValueError for a key that `ObjectKey` would not write in the same way."""
    match = _KEY.fullmatch(key)
    if not match:
        raise ValueError(f"{key!r} is not the key of a link")
    hour = datetime.strptime(f"{match['day']} {match['hour']}", "%Y-%m-%d %H").replace(tzinfo=UTC)
    first = int(match["first"])
    if first >= INTEGER_LIMIT or not FIRST_INSTANT <= hour < END_INSTANT:
        raise ValueError(f"{key!r} is out of range: offsets have 64 bits, hours are from 1970 to 2199")
    return ObjectKey(match["topic"], match["topic_id"], int(match["partition"]), hour, first)


def is_link(key: str) -> bool:
    """Whether the key is one that a link may have."""
    try:
        parse(key)
    except ValueError:
        return False
    return True


def next_start(prefix: str, shape: Shape, last: str) -> str | None:
    """Where a listing under `prefix` that has come to the key `last` goes on: after the key that is returned.

    It passes over no key whose rest has `shape`, and over all others up to the next one that may have it.
    None when no later key has it.
    """
    least = _least_after(shape, last.removeprefix(prefix))
    return None if least is None else max(last, f"{prefix}{least[:-1]}")


def _least_after(shape: Shape, text: str) -> str | None:
    """The least text of the shape that is greater than `text`, None when there is none."""
    found = None
    for place, allowed in enumerate(shape):
        if place == len(text):
            return text + _least(shape[place:])
        character = text[place]
        if higher := next((each for each in allowed if each > character), None):
            found = text[:place] + higher + _least(shape[place + 1 :])
        if character not in allowed:
            return found
    return found


def _least(shape: Shape) -> str:
    return "".join(allowed[0] for allowed in shape)


def is_topic_id(text: str) -> bool:
    """Whether the text is a topic id as the keys have it."""
    return re.fullmatch(_TOPIC_ID, text) is not None


def topic_prefix(topic: str) -> str:
    """Every chain of a topic, of all its ids."""
    return f"{ROOT}{topic}/"


def partition_prefix(topic: str, topic_id: str, partition: int) -> str:
    """Every link of one chain."""
    return f"{topic_prefix(topic)}{topic_id}/partition={partition:05d}/"


def hour_of(time: datetime) -> datetime:
    """The whole UTC hour that holds `time` (aware)."""
    return time.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
