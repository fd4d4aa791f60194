"""Where the live reader starts in a partition, and what librdkafka's statistics report. Pure.

The fields of the statistics are documented in librdkafka's STATISTICS.md.
"""

from __future__ import annotations

import json

LEAST_MESSAGES = 2_000


def brokers_up(statistics: str) -> bool:
    """Whether any broker is connected (`brokers.<name>.state`)."""
    brokers = json.loads(statistics).get("brokers", {}).values()
    return any(broker.get("state") == "UP" for broker in brokers)


def log_ends(statistics: str) -> dict[tuple[str, int], int]:
    """(topic, partition) → end offset (`hi_offset`, negative while it is not known yet)."""
    topics = json.loads(statistics).get("topics", {})
    return {
        (name, int(number)): partition["hi_offset"]
        for name, topic in topics.items()
        for number, partition in topic.get("partitions", {}).items()
        if int(number) >= 0 and partition.get("hi_offset", -1) >= 0
    }


def start_offset(by_time: int, first: int, end: int, share: int, least: int = LEAST_MESSAGES) -> int:
    """The offset that a partition is read from.

    by_time: the first offset of the wanted time, -1 where no record is that young.
    first, end: the log's first offset, and the offset that its next record will have.
    share: how many messages are read at most.
    least: how many are read at least. After a weekend they still have each symbol's last quote.
    """
    wanted = min(end if by_time < 0 else by_time, end - least)
    return max(first, wanted, end - share)
