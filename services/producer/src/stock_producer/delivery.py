"""The adapter to Kafka: from the outbox, in its order, to the topics; out of the outbox on the delivery report."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from confluent_kafka import KafkaError, KafkaException, Producer

from stock_common.deadline import Deadline
from stock_common.health import Health
from stock_common.run import FatalError
from stock_common.topics import SCHEMA_HEADER, SUNK
from stock_kafka.config import KafkaSettings
from stock_producer.metrics import Metrics
from stock_producer.outbox import Outbox, Row

WINDOW = 5_000
"""Messages handed to the client at once: the rest wait on the disk, not in memory."""
STATISTICS_MS = 2_000
RETRY_EVERY = timedelta(seconds=2)
RETRY_FOR = timedelta(seconds=60)
"""A broker that has just started says for a while that it does not know the topic."""
_SCHEMAS = {topic.name: topic.schema for topic in SUNK}
_AUTHENTICATION, _SSL = KafkaError._AUTHENTICATION, KafkaError._SSL  # noqa: SLF001 (public, for all their names)
_PURGED = KafkaError._PURGE_QUEUE  # noqa: SLF001
_NO_TOPIC = "make the topics (python -m stock_kafka.topics)."
_REASONS = {
    KafkaError.UNKNOWN_TOPIC_OR_PART: _NO_TOPIC,
    KafkaError._UNKNOWN_TOPIC: _NO_TOPIC,
    KafkaError._UNKNOWN_PARTITION: _NO_TOPIC,
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "give KAFKA_SASL_USERNAME the right to write to the topic.",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "give KAFKA_SASL_USERNAME the right of idempotent writes.",
    _AUTHENTICATION: "check KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD.",
    _SSL: "check KAFKA_SSL_CA_LOCATION and KAFKA_SECURITY_PROTOCOL.",
}


class Delivery:
    """Sends in a bounded window and never blocks while running. One thread.

    After a failed delivery nothing more is sent until nothing is in flight; then the outbox is sent again from its first row, so that no
    later message of a symbol overtakes an earlier one. When that has not helped for a minute, the process ends.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        outbox: Outbox,
        metrics: Metrics,
        health: Health,
        clock: Callable[[], datetime],
        log: structlog.stdlib.BoundLogger,
        client: Callable[[dict[str, Any]], Producer] = Producer,
    ) -> None:
        self._outbox = outbox
        self._metrics = metrics
        self._health = health
        self._clock = clock
        self._log = log
        self._last_seq = 0
        self._delivered: list[Row] = []
        self._failure: KafkaError | None = None
        self._failing_since: datetime | None = None
        self._resume_at: datetime | None = None
        self.in_flight = 0
        self.connected = False
        self.trouble: str | None = None
        """Why Kafka has taken no message since it refused one."""
        config = {"error_cb": self._on_error, "stats_cb": self._on_statistics, "statistics.interval.ms": STATISTICS_MS}
        self._producer = client(settings.producer("producer") | config)

    def pump(self) -> None:
        """Takes delivery reports, removes what they name from the outbox, sends what the window has room for. Raises FatalError."""
        self._producer.poll(0)
        self._settle()
        if not self._recovered() or self.in_flight >= min(WINDOW, self._outbox.rows):
            return
        for row in self._outbox.read(self._last_seq, WINDOW - self.in_flight):
            if not self._send(row):
                break
        self._producer.poll(0)

    def close(self, deadline: Deadline) -> None:
        """Sends what it can before the deadline; the rest stays in the outbox. Raises FatalError."""
        while self._outbox.rows and not deadline.passed:
            self.pump()
            self._producer.poll(min(0.05, deadline.remaining()))
        self._settle()

    def _send(self, row: Row) -> bool:
        headers: list[tuple[str, str | bytes | None]] = [(SCHEMA_HEADER, _SCHEMAS[row.topic])]
        try:
            self._producer.produce(row.topic, row.value, row.key, headers=headers, on_delivery=partial(self._on_delivery, row))
        except BufferError:
            return False
        except KafkaException as error:
            # A topic that the client has been told does not exist is refused here, without a report.
            self._failure = self._failure or error.args[0]
            return False
        self._last_seq = row.seq
        self.in_flight += 1
        return True

    def _settle(self) -> None:
        if self._delivered:
            done, self._delivered = self._delivered, []
            # Before they leave the outbox: what a crash keeps from being told is sent, and told, again.
            if logging.getLogger("stock").isEnabledFor(logging.DEBUG):
                self._log.debug("delivered", ids=list(_ids(done)))
            self._outbox.remove([row.seq for row in done])
            self._failing_since, self.trouble = None, None
        if self._failure is None:
            return
        failure, self._failure = self._failure, None
        now = self._clock()
        advice = _REASONS.get(failure.code(), "see the broker's log.")
        if self._failing_since is None:
            self._failing_since, self.trouble = now, failure.str()
            self._log.warning("kafka does not take a message: sent again soon", reason=self.trouble, advice=advice)
        if failure.fatal() or failure.code() in (_AUTHENTICATION, _SSL) or now - self._failing_since >= RETRY_FOR:
            raise FatalError(f"Kafka does not take messages ({failure.str()}): {advice} They are kept in the outbox.")
        self._resume_at = now + RETRY_EVERY

    def _recovered(self) -> bool:
        """Whether sending may go on; after a failure, once the client holds nothing and a pause is over, from the first row again."""
        if self._resume_at is None:
            return True
        if self.in_flight:
            self._producer.purge(in_queue=True, in_flight=False)
            self._producer.poll(0)
        if self.in_flight or self._clock() < self._resume_at:
            return False
        self._resume_at, self._last_seq = None, 0
        return True

    def _on_delivery(self, row: Row, error: KafkaError | None, _message: object) -> None:
        self.in_flight -= 1
        if error is not None:
            if error.code() != _PURGED:
                self._failure = self._failure or error
            return
        self._delivered.append(row)
        self._metrics.delivered.labels(row.topic).inc()
        self._metrics.delivery_seconds.observe(max(0.0, (self._clock() - row.added_at).total_seconds()))
        self._see(connected=True)

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal() or error.code() in (_AUTHENTICATION, _SSL):
            self._failure = self._failure or error
        elif error.code() == KafkaError._ALL_BROKERS_DOWN:
            self._see(connected=False)

    def _on_statistics(self, text: str) -> None:
        self._see(connected=any(broker.get("state") == "UP" for broker in json.loads(text).get("brokers", {}).values()))

    def _see(self, *, connected: bool) -> None:
        if connected == self.connected:
            return
        self.connected = connected
        self._metrics.kafka_up.set(connected)
        if connected:
            self._log.info("kafka is reachable", outbox=self._outbox.rows)
            self._health.reached("kafka")
        else:
            self._log.warning("kafka is not reachable: quotes wait in the outbox", outbox=self._outbox.rows)


def _ids(rows: Iterable[Row]) -> Iterable[str]:
    """What each message is called in its table."""
    for row in rows:
        record = json.loads(row.value)
        yield record.get("alert_id") or record.get("event_id", "")
