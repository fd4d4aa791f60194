"""Messages that a reader cannot take. Each is counted and skipped, and none of them ends the reading."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from confluent_kafka import Message

MOST_KEYS = 1_000
"""So many keys are remembered. Messages of further keys are counted only."""
TEXT_LIMIT = 200


class Refused:
    """Counts the messages that could not be taken, and logs the first one of each key.

    A message of the same key comes again and again where a service of another version sends it.
    log: None logs nothing, as commands do.
    on_refused: called for each message, to count it in a metric.
    """

    def __init__(
        self, log: structlog.stdlib.BoundLogger | None = None, on_refused: Callable[[], object] = lambda: None
    ) -> None:
        self._log, self._on_refused = log, on_refused
        self._keys: set[bytes | str | None] = set()
        self.count = 0

    def add(self, message: Message, reason: Exception) -> None:
        """The message could not be taken for this reason."""
        self.count += 1
        self._on_refused()
        key = message.key()
        if self._log is None or key in self._keys or len(self._keys) >= MOST_KEYS:
            return
        self._keys.add(key)
        self._log.warning(
            "message skipped",
            topic=message.topic(),
            partition=message.partition(),
            offset=message.offset(),
            key=repr(key)[:TEXT_LIMIT],
            reason=f"{type(reason).__name__}: {reason}"[:TEXT_LIMIT],
        )
