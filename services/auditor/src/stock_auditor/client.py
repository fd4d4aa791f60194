"""Kafka clients of the auditor."""

from __future__ import annotations

import logging
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message
from confluent_kafka.admin import AdminClient

from stock_common.run import FatalError
from stock_kafka.config import KafkaSettings

POLL_SECONDS = 1.0
MOST_MESSAGES = 500


def quiet(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration with the client's own log lines kept to itself: a command says in one sentence what failed."""
    logger = logging.getLogger("stock.librdkafka.silent")
    logger.disabled = True
    return config | {"logger": logger}


def arrived(consumer: Consumer) -> list[Message]:
    """What is there, at the latest after a second. (`consume` alone waits for its whole timeout unless it gets as many as it was asked for.)"""
    first = consumer.poll(POLL_SECONDS)
    return [] if first is None else [first, *consumer.consume(MOST_MESSAGES, 0)]


def open_admin(settings: KafkaSettings, service: str, silent: bool) -> tuple[dict[str, Any], AdminClient]:
    """A client's configuration, and an admin client of it. Raises FatalError for settings that the client refuses."""
    config, admin = settings.client(service), settings.admin(service)
    if silent:
        config, admin = quiet(config), quiet(admin)
    try:
        return config, AdminClient(admin)
    except KafkaException as error:
        raise FatalError(f"The Kafka client refuses its settings: {error.args[0].str()}") from None
