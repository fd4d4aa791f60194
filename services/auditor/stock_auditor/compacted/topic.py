"""A compacted topic: the newest message of each key, and the message that makes a key forgotten."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from confluent_kafka import Message

from stock_auditor.clients import Clients, read_all
from stock_common.domain import END_INSTANT
from stock_common.printable import printable
from stock_common.run import FatalError
from stock_common.topics import Topic
from stock_kafka.cluster import CALL_SECONDS, Unreachable, describe, watermarks
from stock_kafka.sender import Outgoing, Undelivered, deliver

GROUP = "auditor-compacted"
END_MILLISECONDS = END_INSTANT.timestamp() * 1000


class Entry(NamedTuple):
    """The newest message of a key.

    at: the broker's time.
    size: bytes of the value.
    fault: why its readers skip it, empty where they take it.
    """

    key: bytes
    offset: int
    at: datetime
    size: int
    fault: str

    @property
    def id(self) -> str:
        """Eight hex digits that name the key on the command line: a key can be any bytes."""
        return hashlib.sha256(self.key).hexdigest()[:8]

    @property
    def name(self) -> str:
        return printable(self.key.decode(errors="backslashreplace"))


class CompactedTopic:
    """The one partition of `topic`. `check` raises an error for a key and a value that the readers skip.

    Both methods raise Unreachable, or FatalError where there is no such topic.
    """

    def __init__(self, clients: Clients, topic: Topic, check: Callable[[str, bytes], object]) -> None:
        self._clients, self._topic, self._check = clients, topic, check

    def entries(self) -> list[Entry]:
        """Those that are skipped first, then by key. A key that was forgotten has none."""
        name = self._topic.name
        if name not in describe(self._clients.admin, [name]):
            raise FatalError(f"Kafka has no topic {name}: run the topic job (python -m stock_kafka.topics).")
        reader = self._clients.reader(GROUP)
        found: dict[bytes, Entry] = {}
        try:
            for message in read_all(reader, name, 0, *watermarks(reader, name, 0)):
                key = _bytes(message.key())
                found.pop(key, None)
                if message.value() is not None:
                    found[key] = self._entry(key, message)
        finally:
            reader.close()
        return sorted(found.values(), key=lambda entry: (not entry.fault, entry.key))

    def forget(self, key: bytes) -> None:
        """Writes a message without a value. Readers drop the key, and compaction the messages before it."""
        gone = Outgoing(self._topic.name, None, key, partition=0)
        try:
            deliver(self._clients.producer(CALL_SECONDS), [gone], CALL_SECONDS + 5)
        except Undelivered as error:
            raise Unreachable(str(error)) from None

    def _entry(self, key: bytes, message: Message) -> Entry:
        value = _bytes(message.value())
        at = datetime.fromtimestamp(min(max(0, message.timestamp()[1]), END_MILLISECONDS) / 1000, UTC)
        fault = ""
        try:
            self._check(key.decode(), value)
        except Exception as error:  # whatever it is, the readers skip it for it
            fault = printable(f"{type(error).__name__}: {error}")
        return Entry(key, message.offset() or 0, at, len(value), fault)


def _bytes(value: str | bytes | None) -> bytes:
    return value.encode() if isinstance(value, str) else value or b""
