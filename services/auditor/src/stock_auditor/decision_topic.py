"""`stock-decisions` by Kafka: reading all of it in order, and appending."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from stock_auditor.client import arrived, open_admin
from stock_auditor.decisions import Accepted, Decision, Register, decode, encode
from stock_common.deadline import Deadline
from stock_common.run import FatalError
from stock_common.topics import DECISIONS, SCHEMA_HEADER
from stock_kafka.cluster import CALL_SECONDS, Unreachable, describe, watermarks
from stock_kafka.config import KafkaSettings

READ_SECONDS = 60.0
"""For all of the topic: it grows by three small messages for each hundred letters."""


def open_decisions(settings: KafkaSettings, service: str) -> KafkaDecisions:
    """The topic for a command. Raises FatalError for settings that the client refuses."""
    return KafkaDecisions(*open_admin(settings, service, silent=True))


class KafkaDecisions:
    """`config` is a client's. Both methods raise Unreachable; FatalError where the principal may not, or there is no such topic."""

    def __init__(self, config: dict[str, Any], admin: AdminClient) -> None:
        self._config, self._admin = config, admin
        self._consumer: Consumer | None = None
        self._producer: Producer | None = None
        self._next = 0

    def exists(self) -> bool:
        """A cluster that an older version has set up does not have the topic yet."""
        return self._consumer is not None or DECISIONS.name in describe(self._admin, [DECISIONS.name])

    def read(self) -> list[Decision]:
        """The decisions that came since the last call. Those of later versions are passed over."""
        consumer = self._open()
        _, end = watermarks(consumer, DECISIONS.name, 0)
        found: list[Decision] = []
        deadline = Deadline(READ_SECONDS)
        while self._next < end:
            if deadline.passed:
                raise Unreachable(f"{DECISIONS.name} could not be read within {READ_SECONDS:.0f} s")
            for message in arrived(consumer):
                self._next = max(self._next, _taken(message, found))
        return found

    def append(self, decision: Decision) -> None:
        """Writes it; returns when every replica has it."""
        self._require()
        faults: list[KafkaError | None] = []
        self._producer = self._producer or Producer(self._config | {"acks": "all", "message.timeout.ms": int(CALL_SECONDS * 1000)})
        headers: dict[str, str | bytes | None] = {SCHEMA_HEADER: DECISIONS.schema}
        self._producer.produce(
            DECISIONS.name, encode(decision), decision.key, partition=0, headers=headers, on_delivery=lambda error, _: faults.append(error)
        )
        self._producer.flush(CALL_SECONDS + 5)
        if not faults:
            raise Unreachable(f"{DECISIONS.name} did not take a decision")
        if faults[0] is not None:
            raise Unreachable(f"{DECISIONS.name}: {faults[0].str()}")

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.close()

    def _require(self) -> None:
        if not self.exists():
            raise FatalError(f"Kafka has no topic {DECISIONS.name}: run the topic job (python -m stock_kafka.topics).")

    def _open(self) -> Consumer:
        if self._consumer is None:
            self._require()
            own = {"group.id": "auditor-decisions", "enable.auto.commit": False, "auto.offset.reset": "earliest", "enable.partition.eof": True}
            consumer = Consumer(self._config | own)
            consumer.assign([TopicPartition(DECISIONS.name, 0, self._next)])
            self._consumer = consumer
        return self._consumer


class Acceptances:
    """The losses that operators accepted: finding → why. For the audit, which asks before each comparison."""

    def __init__(self, topic: KafkaDecisions) -> None:
        self._topic = topic
        self._register = Register()

    def read(self) -> dict[str, str]:
        """All of now; none where the topic is not there yet. Raises as KafkaDecisions."""
        if not self._topic.exists():
            return {}
        for decision in self._topic.read():
            self._register.apply(decision)
        return {finding: _why(accepted) for finding, accepted in self._register.accepted.items()}


def _why(accepted: Accepted) -> str:
    return f"{accepted.reason}, {accepted.at:%Y-%m-%d}"


def _taken(message: Message, found: list[Decision]) -> int:
    """Takes the message; returns the offset behind it."""
    fault = message.error()
    if fault is not None:
        if fault.code() == KafkaError._PARTITION_EOF:
            return message.offset() or 0
        raise Unreachable(f"cannot read {DECISIONS.name}: {fault.str()}") from KafkaException(fault)
    value = message.value()
    with suppress(ValueError):
        found.append(decode(value if isinstance(value, bytes) else b""))
    return (message.offset() or 0) + 1
