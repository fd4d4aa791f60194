"""Object keys of the chain: `raw/<topic>/<topic id>/partition=NNNNN/dt=YYYY-MM-DD/hour=HH/o<first offset>.parquet`.

Key order is chain order: an hour never goes back along a chain, and offsets are zero-padded.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple

ROOT = "raw/"
_KEY = re.compile(
    r"raw/(?P<topic>[A-Za-z0-9._-]{1,249})/(?P<topic_id>[0-9a-f]{32})/partition=(?P<partition>[0-9]{5})/"
    r"dt=(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})/hour=(?P<hour>[0-9]{2})/o(?P<first>[0-9]{20})\.parquet"
)


class ObjectKey(NamedTuple):
    """The place of one link. `hour` is aware, UTC, and whole; `first` is the link's first offset."""

    topic: str
    topic_id: str
    partition: int
    hour: datetime
    first: int

    def __str__(self) -> str:
        day = self.hour.strftime("dt=%Y-%m-%d/hour=%H")
        return f"{partition_prefix(self.topic, self.topic_id, self.partition)}{day}/o{self.first:020d}.parquet"


def parse(key: str) -> ObjectKey:
    """The key's parts. Raises ValueError for a key that is not a link's, one that would not be written the same included."""
    match = _KEY.fullmatch(key)
    if not match:
        raise ValueError(f"{key!r} is not the key of a link")
    hour = datetime.strptime(f"{match['day']} {match['hour']}", "%Y-%m-%d %H").replace(tzinfo=UTC)
    return ObjectKey(match["topic"], match["topic_id"], int(match["partition"]), hour, int(match["first"]))


def topic_prefix(topic: str) -> str:
    """Every chain of a topic, of all its ids."""
    return f"{ROOT}{topic}/"


def partition_prefix(topic: str, topic_id: str, partition: int) -> str:
    """Every link of one chain."""
    return f"{topic_prefix(topic)}{topic_id}/partition={partition:05d}/"


def hour_of(time: datetime) -> datetime:
    """The whole UTC hour that holds `time` (aware)."""
    return time.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
