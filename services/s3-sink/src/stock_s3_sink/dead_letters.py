"""Dead letters: the topic's adapter, and the allowance that stops the sink instead of emptying a topic into it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from stock_common.deadline import Deadline
from stock_common.run import FatalError
from stock_common.topics import DEAD_LETTERS
from stock_s3_sink.encode import Rejected
from stock_s3_sink.writer import Undelivered

DELIVERY_SECONDS = 30.0
TEXT_LIMIT = 500


class Allowance:
    """How many letters may be sent: `burst` at once, and `percent` of all records seen for ever. Thread-safe."""

    def __init__(self, burst: int, percent: float) -> None:
        self._burst, self._share = burst, percent / 100
        self._left = float(burst)
        self._lock = threading.Lock()

    def take(self, letters: int, seen: int) -> bool:
        """Accounts for `seen` records with `letters` bad ones among them; False when that is too many."""
        with self._lock:
            self._left = min(self._burst, self._left) + seen * self._share - letters
            return self._left >= 0


class DeadLetterTopic:
    """Key = topic id/partition/offset, value = the original bytes, the rest in headers. Thread-safe; one sender at a time."""

    def __init__(self, config: dict[str, Any], allowance: Allowance) -> None:
        self._producer = Producer(config)
        self._allowance = allowance
        self._lock = threading.Lock()

    def admit(self, topic: str, partition: int, letters: Sequence[Rejected], seen: int) -> None:
        """Accounts for a chunk once. Raises FatalError on too many bad records: the producer or the contract is at fault then."""
        if not self._allowance.take(len(letters), seen):
            first = letters[0]
            raise FatalError(
                f"{len(letters)} of {seen} records of {topic}/{partition} from offset {first.offset} on are bad "
                f"({first.reason}: {first.text[:TEXT_LIMIT]}): "
                f"too many for {DEAD_LETTERS.name}. Mend the producer, or raise REJECT_BURST or REJECT_PERCENT to let them pass."
            )

    def send(self, topic: str, topic_id: str, partition: int, letters: Sequence[Rejected]) -> None:
        """Returns when every letter is acknowledged. Raises Undelivered: try again."""
        with self._lock:
            self._send(topic, topic_id, partition, letters)

    def _send(self, topic: str, topic_id: str, partition: int, letters: Sequence[Rejected]) -> None:
        faults: list[KafkaError] = []
        left = len(letters)
        done = threading.Event()

        def delivered(error: KafkaError | None, _message: Message) -> None:
            nonlocal left
            if error is not None:
                faults.append(error)
            left -= 1
            if left == 0:
                done.set()

        for letter in letters:
            headers = {
                "origin-topic": topic,
                "origin-topic-id": topic_id,
                "origin-partition": str(partition),
                "origin-offset": str(letter.offset),
                "origin-time": str(letter.time),
                "reason": letter.reason,
                "text": letter.text[:TEXT_LIMIT],
            }
            self._produce(f"{topic_id}/{partition}/{letter.offset}", letter.value, headers, delivered)
        deadline = Deadline(DELIVERY_SECONDS)
        while not done.is_set():
            self._producer.poll(0.1)
            if deadline.passed:
                raise Undelivered(f"{DEAD_LETTERS.name} did not take {len(letters)} letters within {DELIVERY_SECONDS:.0f} s")
        if faults:
            raise Undelivered(f"{DEAD_LETTERS.name}: {faults[0].str()}")

    def close(self, seconds: float) -> None:
        self._producer.flush(seconds)

    def _produce(self, key: str, value: bytes, headers: dict[str, str], delivered: Any) -> None:
        deadline = Deadline(DELIVERY_SECONDS)
        while True:
            try:
                self._producer.produce(DEAD_LETTERS.name, value, key, on_delivery=delivered, headers=list(headers.items()))
                return
            except BufferError:
                if deadline.passed:
                    raise Undelivered(f"{DEAD_LETTERS.name}: the queue is full") from None
                self._producer.poll(0.1)
            except KafkaException as error:
                # A broker that has just started knows no topics for a moment, and the client then refuses the message itself.
                raise Undelivered(f"{DEAD_LETTERS.name}: {error.args[0].str()}") from None
