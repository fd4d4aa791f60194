"""Closing a consumer within a bound."""

from __future__ import annotations

import threading

from confluent_kafka import Consumer

CLOSE_SECONDS = 5.0


def let_go(consumer: Consumer, seconds: float = CLOSE_SECONDS) -> None:
    """Closes the client, and waits for that no longer than `seconds`.

    librdkafka 2.16 locks itself out when a client is closed while it looks for an offset again, as it does
    after a batch with a wrong checksum. Such a client is left to its thread, and never freed.
    """
    closing = threading.Thread(target=consumer.close, name="close", daemon=True)
    closing.start()
    closing.join(seconds)
