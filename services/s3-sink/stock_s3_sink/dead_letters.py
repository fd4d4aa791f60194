"""Dead letters: the adapter of their topic, and the allowance that stops the sink at too many bad records."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from confluent_kafka import Producer

from stock_common.run import FatalError
from stock_common.topics import DEAD_LETTERS
from stock_kafka.sender import Outgoing, deliver
from stock_s3_sink.encode.parquet import Rejected

DELIVERY_SECONDS = 30.0
TEXT_LIMIT = 500


class Allowance:
    """How many letters may be sent: `burst` at once, and `percent` of all records for ever. Thread-safe.

    The count of letters left is a token bucket: it is filled by records and never exceeds `burst`.
    """

    def __init__(self, burst: int, percent: float) -> None:
        self._burst, self._share = burst, percent / 100
        self._left = float(burst)
        self._lock = threading.Lock()

    def take(self, letters: int, seen: int) -> bool:
        """Accounts for `seen` records, of which `letters` are bad. False when those are too many."""
        with self._lock:
            self._left = min(self._burst, self._left) + seen * self._share - letters
            return self._left >= 0


class DeadLetterTopic:
    """Key = topic id/partition/offset, value = the original bytes, the rest in headers.

    Thread-safe, one sender at a time.
    """

    def __init__(
        self,
        config: dict[str, Any],
        allowance: Allowance,
        make_producer: Callable[[dict[str, Any]], Producer] = Producer,
    ) -> None:
        self._producer = make_producer(config)
        self._allowance = allowance
        self._lock = threading.Lock()

    def admit(self, topic: str, partition: int, letters: Sequence[Rejected], seen: int) -> None:
        """Accounts for a chunk once.

        Raises FatalError on too many bad records, a fault of the producer or the contract.
        """
        if not self._allowance.take(len(letters), seen):
            first = letters[0]
            raise FatalError(
                f"{len(letters)} of {seen} records of {topic}/{partition} from offset {first.offset} on "
                f"are bad ({first.reason}: {first.text[:TEXT_LIMIT]}): too many for {DEAD_LETTERS.name}. "
                "Fix the producer, or raise REJECT_BURST or REJECT_PERCENT to let them pass."
            )

    def send(self, topic: str, topic_id: str, partition: int, letters: Sequence[Rejected]) -> None:
        """Returns when every letter is acknowledged. Raises Undelivered: try again."""
        with self._lock:
            messages = [_message(topic, topic_id, partition, letter) for letter in letters]
            deliver(self._producer, messages, DELIVERY_SECONDS)


def _message(topic: str, topic_id: str, partition: int, letter: Rejected) -> Outgoing:
    headers = {
        "origin-topic": topic,
        "origin-topic-id": topic_id,
        "origin-partition": str(partition),
        "origin-offset": str(letter.offset),
        "origin-time": str(letter.time),
        "reason": letter.reason,
        "text": letter.text[:TEXT_LIMIT],
    }
    key = f"{topic_id}/{partition}/{letter.offset}"
    return Outgoing(DEAD_LETTERS.name, letter.value, key, list(headers.items()))
