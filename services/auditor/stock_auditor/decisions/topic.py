"""`stock-decisions` in Kafka: reads all of it in order, and appends."""

from __future__ import annotations

from collections.abc import Mapping

from confluent_kafka import Consumer, Message, Producer

from stock_auditor.clients import Clients, read_all
from stock_auditor.decisions.records import Accepted, Decision, Register, decode_under, encode
from stock_common.run import FatalError
from stock_common.topics import DECISIONS, SCHEMA_HEADER
from stock_kafka.cluster import CALL_SECONDS, Unreachable, describe, watermarks
from stock_kafka.refused import Refused
from stock_kafka.sender import Outgoing, Undelivered, deliver

GROUP = "auditor-decisions"


class KafkaDecisions:
    """The topic's one partition.

    refused: counts the messages that hold no decision under its own key. They are skipped.
    All methods raise Unreachable, or FatalError where the principal may not, or where there is no such topic.
    """

    def __init__(self, clients: Clients, refused: Refused | None = None) -> None:
        self._clients = clients
        self.refused = refused or Refused()
        self._consumer: Consumer | None = None
        self._producer: Producer | None = None
        self._next = 0

    def exists(self) -> bool:
        """False in a cluster that an older version has set up."""
        return self._consumer is not None or DECISIONS.name in describe(self._clients.admin, [DECISIONS.name])

    def read(self) -> list[Decision]:
        """The decisions since the last call. A message that is none, or of a later version, is skipped."""
        if self._consumer is None:
            self._require()
            self._consumer = self._clients.reader(GROUP)
        try:
            return self._read(self._consumer)
        except Unreachable:
            # The next call has a new client: this one may have come to a stand.
            self.close()
            raise

    def _read(self, consumer: Consumer) -> list[Decision]:
        first, end = watermarks(consumer, DECISIONS.name, 0)
        found: list[Decision] = []
        for message in read_all(consumer, DECISIONS.name, 0, max(first, self._next), end):
            if message.value() is None:
                continue
            try:
                found.append(_decision(message))
            except Exception as error:  # whatever it is, it is this message's
                self.refused.add(message, error)
        # Without partitions the client fetches nothing until the next call.
        consumer.assign([])
        # Only now: after an error in between, the next call reads these decisions again.
        self._next = max(self._next, end)
        return found

    def append(self, decision: Decision) -> None:
        """Writes it. Returns when every replica has it."""
        self._require()
        self._producer = self._producer or self._clients.producer(CALL_SECONDS)
        message = Outgoing(
            DECISIONS.name, encode(decision), decision.key, [(SCHEMA_HEADER, DECISIONS.schema)], partition=0
        )
        try:
            deliver(self._producer, [message], CALL_SECONDS + 5)
        except Undelivered as error:
            raise Unreachable(str(error)) from None

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None

    def _require(self) -> None:
        if not self.exists():
            raise FatalError(
                f"Kafka has no topic {DECISIONS.name}: run the topic job (python -m stock_kafka.topics)."
            )


class Acceptances:
    """The losses that operators accepted. The audit asks before each comparison."""

    def __init__(self, topic: KafkaDecisions) -> None:
        self._topic = topic
        self._register = Register()

    def read(self) -> dict[str, str]:
        """All of now, as finding → why. None where the topic does not exist yet. Raises as KafkaDecisions."""
        if not self._topic.exists():
            return {}
        for decision in self._topic.read():
            self._register.apply(decision)
        return {finding: _why(accepted) for finding, accepted in self._register.accepted.items()}

    def sent(self) -> Mapping[str, str]:
        """Letters and records that were sent again: letter → place. As of the last `read`."""
        return self._register.sent


def _decision(message: Message) -> Decision:
    """Raises an error for a message that is no decision, or stands under another key than its own."""
    key, value = message.key(), message.value()
    return decode_under(
        key.decode() if isinstance(key, bytes) else "", value if isinstance(value, bytes) else b""
    )


def _why(accepted: Accepted) -> str:
    return f"{accepted.reason}, {accepted.at:%Y-%m-%d}"
