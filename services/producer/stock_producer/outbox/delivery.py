"""The adapter to Kafka: it sends the outbox in its order, and deletes a message on its delivery report."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

from stock_common.deadline import Deadline
from stock_common.run import FatalError
from stock_common.topics import SCHEMA_HEADER, SUNK
from stock_kafka import sign_in
from stock_kafka.config import KafkaSettings
from stock_producer.metrics import Telemetry
from stock_producer.outbox.outbox import Outbox, Row

WINDOW = 5_000
"""Messages that the client holds at most. The rest wait on the disk, not in memory."""
STATISTICS_MS = 2_000
RETRY_EVERY = timedelta(seconds=2)
RETRY_FOR = timedelta(seconds=60)
"""A broker that has just started answers for a while that it does not know the topic."""
_OF_THE_MESSAGE = frozenset(
    {KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE, KafkaError.INVALID_RECORD}
)
"""Refusals of what is sent, not of the sender. One such message makes the broker refuse its whole batch."""
_SCHEMAS = {topic.name: topic.schema for topic in SUNK}
_AUTHENTICATION, _SSL = KafkaError._AUTHENTICATION, KafkaError._SSL  # noqa: SLF001 (public)
_PURGED = KafkaError._PURGE_QUEUE  # noqa: SLF001
_NO_TOPIC = "make the topics (python -m stock_kafka.topics)."
_REASONS = {
    KafkaError.UNKNOWN_TOPIC_OR_PART: _NO_TOPIC,
    KafkaError._UNKNOWN_TOPIC: _NO_TOPIC,
    KafkaError._UNKNOWN_PARTITION: _NO_TOPIC,
}


class Delivery:
    """Sends in a bounded window and never blocks while running. One thread.

    After a failed delivery nothing more is sent until nothing is in flight. Then a new client sends the
    outbox from its first row, so that no later message of a symbol overtakes an earlier one. When that has
    not helped for a minute in which Kafka was there, the process ends.

    A message that Kafka refuses for what it is, is sent once more alone. Refused again, it is set aside.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        outbox: Outbox,
        telemetry: Telemetry,
        clock: Callable[[], datetime],
        client: Callable[[dict[str, Any]], Producer] = Producer,
    ) -> None:
        self._outbox = outbox
        self._metrics = telemetry.metrics
        self._health = telemetry.health
        self._log = telemetry.log
        self._clock = clock
        self._last_seq = 0
        self._delivered: list[Row] = []
        self._failure: KafkaError | None = None
        self._suspects: set[int] = set()
        self._refused: list[tuple[Row, KafkaError]] = []
        self._failing_since: datetime | None = None
        self._resume_at: datetime | None = None
        self.in_flight = 0
        self.connected = False
        self.trouble: str | None = None
        """Why Kafka has taken no message since it refused one."""
        config = {
            "error_cb": self._on_error,
            "stats_cb": self._on_statistics,
            "statistics.interval.ms": STATISTICS_MS,
        }
        self._make = partial(client, settings.producer("producer") | config)
        self._producer = self._make()

    def pump(self) -> None:
        """Takes delivery reports, deletes what they name, and sends what the window has room for.

        Raises FatalError.
        """
        self._producer.poll(0)
        self._settle()
        if not self._recovered() or self.in_flight >= min(WINDOW, self._outbox.rows):
            return
        for row in self._outbox.read(self._last_seq, WINDOW - self.in_flight):
            alone = row.seq in self._suspects
            if (alone and self.in_flight) or not self._send(row) or alone:
                break
        self._producer.poll(0)

    def close(self, deadline: Deadline) -> None:
        """Sends what it can before the deadline. The rest stays in the outbox. Raises FatalError."""
        while self._outbox.rows and not deadline.passed:
            self.pump()
            self._producer.poll(min(0.05, deadline.remaining()))
        self._settle()

    def _send(self, row: Row) -> bool:
        headers: list[tuple[str, str | bytes | None]] = [(SCHEMA_HEADER, _SCHEMAS[row.topic])]
        try:
            self._producer.produce(
                row.topic, row.value, row.key, headers=headers, on_delivery=partial(self._on_delivery, row)
            )
        except BufferError:
            return False
        except KafkaException as error:
            # A topic of which the client knows that it does not exist is refused here, without a report.
            self._refuse(row, error.args[0])
            return False
        self._last_seq = row.seq
        self.in_flight += 1
        return True

    def _settle(self) -> None:
        """Acts on the delivery reports that have come in."""
        if self._delivered:
            self._forget_delivered()
        for row, error in self._refused:
            self._outbox.set_aside(row.seq, error.str())
            self._suspects.discard(row.seq)
            self._metrics.set_aside.inc()
            self._log.error(
                "message set aside: Kafka refuses it for good",
                topic=row.topic,
                key=row.key,
                bytes=len(row.value),
                reason=error.str(),
                advice="see stock-producer outbox --help",
            )
        self._refused = []
        if self._failure is not None:
            failure, self._failure = self._failure, None
            self._fail(failure)

    def _forget_delivered(self) -> None:
        done, self._delivered = self._delivered, []
        # The log comes before the delete: a message that a crash keeps in the outbox is sent and logged
        # again.
        if logging.getLogger("stock").isEnabledFor(logging.DEBUG):
            self._log.debug("delivered", ids=list(_ids(done)))
        self._outbox.remove([row.seq for row in done])
        self._failing_since, self.trouble = None, None

    def _fail(self, failure: KafkaError) -> None:
        """Plans to send again after a pause.

        Raises FatalError when that cannot help, or has not for RETRY_FOR.
        """
        now = self._clock()
        advice = _advice(failure)
        if self._failing_since is None:
            self._failing_since, self.trouble = now, failure.str()
            self._log.warning(
                "kafka does not take a message: sent again soon", reason=self.trouble, advice=advice
            )
        if _is_final(failure) or now - self._failing_since >= RETRY_FOR:
            raise FatalError(
                f"Kafka does not take messages ({failure.str()}): {advice} They are kept in the outbox."
            )
        self._resume_at = now + RETRY_EVERY

    def _recovered(self) -> bool:
        """Whether sending may go on.

        After a failure it goes on from the first row, once the client holds nothing and a pause is over.
        """
        if self._resume_at is None:
            return True
        if self.in_flight:
            self._producer.purge(in_queue=True, in_flight=False)
            self._producer.poll(0)
        if self.in_flight or self._clock() < self._resume_at:
            return False
        self._resume_at, self._last_seq = None, 0
        # A client that heard "no such topic" of a starting broker may keep to it for minutes, and one whose
        # sequence numbers are out of step never sends again.
        self._producer = self._make()
        return True

    def _on_delivery(self, row: Row, error: KafkaError | None, _message: object) -> None:
        self.in_flight -= 1
        if error is not None:
            if error.code() != _PURGED:
                self._refuse(row, error)
            return
        self._suspects.discard(row.seq)
        self._delivered.append(row)
        self._metrics.delivered.labels(row.topic).inc()
        self._metrics.delivery_seconds.observe(max(0.0, (self._clock() - row.added_at).total_seconds()))
        self._see(connected=True)

    def _refuse(self, row: Row, error: KafkaError) -> None:
        """Notes a message that was not taken. Only one that was sent alone is known to be the reason."""
        if error.code() in _OF_THE_MESSAGE and row.seq in self._suspects:
            self._refused.append((row, error))
            return
        if error.code() in _OF_THE_MESSAGE:
            self._suspects.add(row.seq)
        self._failure = self._failure or error

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal() or _is_final(error):
            self._failure = self._failure or error
        elif error.code() == KafkaError._ALL_BROKERS_DOWN:
            self._see(connected=False)

    def _on_statistics(self, text: str) -> None:
        self._see(
            connected=any(
                broker.get("state") == "UP" for broker in json.loads(text).get("brokers", {}).values()
            )
        )

    def _see(self, *, connected: bool) -> None:
        if connected == self.connected:
            return
        self.connected = connected
        self._metrics.kafka_up.set(connected)
        if connected:
            self._log.info("kafka is reachable", outbox=self._outbox.rows)
            self._health.reached("kafka")
        else:
            self._failing_since = None
            self._log.warning("kafka is not reachable: quotes wait in the outbox", outbox=self._outbox.rows)


def _is_final(error: KafkaError) -> bool:
    """Whether sending again cannot help."""
    return error.code() in (_AUTHENTICATION, _SSL)


def _advice(failure: KafkaError) -> str:
    found = sign_in.advice(failure.code(), failure.str())
    return f"{found}." if found else _REASONS.get(failure.code(), "see the broker's log.")


def _ids(rows: Iterable[Row]) -> Iterable[str]:
    """The id of each message in its table."""
    for row in rows:
        record = json.loads(row.value)
        yield record.get("alert_id") or record.get("event_id", "")
