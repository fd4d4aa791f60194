"""Where the live reader starts, and what librdkafka's statistics say of brokers and log ends. Pure."""

from __future__ import annotations

import json

LEAST_MESSAGES = 2_000


def brokers_up(statistics: str) -> bool:
    """Whether any broker is connected, from librdkafka's statistics (STATISTICS.md of librdkafka: brokers.<name>.state)."""
    brokers = json.loads(statistics).get("brokers", {}).values()
    return any(broker.get("state") == "UP" for broker in brokers)


def log_ends(statistics: str) -> dict[tuple[str, int], int]:
    """The end offset of each partition, from the same statistics (hi_offset; -1001: not known yet)."""
    topics = json.loads(statistics).get("topics", {})
    return {
        (name, int(number)): partition["hi_offset"]
        for name, topic in topics.items()
        for number, partition in topic.get("partitions", {}).items()
        if int(number) >= 0 and partition.get("hi_offset", -1) >= 0
    }


def start_offset(by_time: int, first: int, end: int, share: int, least: int = LEAST_MESSAGES) -> int:
    """Where a partition is read from: from the wanted time on, at most `share` messages, and at least the last `least`, which have each
    symbol's last quote after a weekend too. `by_time` -1: nothing is that young."""
    wanted = min(end if by_time < 0 else by_time, end - least)
    return max(first, wanted, end - share)
