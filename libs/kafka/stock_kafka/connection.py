"""One place that knows whether Kafka lets this service in, and says it in the same sentence everywhere.

A service's own clients meet a refused sign-in each in its way: one waits for a controller, another for a
group. Here one client signs in as they do, asks for a topic, and keeps the last error of its
connection. Example:

    with connection.watched(settings, "s3-sink", context.health, context.log):
        return context.run(sink.poll_once, sink.close)
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import structlog
from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from stock_common.deadline import Deadline, Monotonic
from stock_common.health import Health
from stock_common.repeats import Repeats
from stock_common.run import FatalError
from stock_common.topics import STATUS
from stock_kafka import tls
from stock_kafka.cluster import Unreachable
from stock_kafka.config import KafkaSettings
from stock_kafka.sign_in import PROTOCOL, Refusal, of_the_certificate, refusal

LOOK_SECONDS = 3.0
"""A look waits so long for an answer. Two of them, and finding out why a listener hangs up, take 10 s."""
POLL_SECONDS = 0.2
PAUSE_SECONDS = 5.0
AGAIN_SECONDS = 1.0
"""The pause after a refusal. The second in a row is logged."""
UNHEALTHY_SECONDS = 120.0
"""Signed out for so long, the service is unhealthy: whoever starts it again may have the new password."""
_silent = logging.getLogger("stock.librdkafka.connection")
_silent.disabled = True


class Connection:
    """A client that only asks for one topic, signed in as the service's others are.

    answers: a broker has answered at the last look. Raises FatalError for settings that the client refuses.
    """

    def __init__(
        self, settings: KafkaSettings, service: str, client: Callable[[dict[str, Any]], Any] = AdminClient
    ) -> None:
        self._settings = settings
        try:
            self._client = client(settings.admin(service) | {"error_cb": self._on_error, "logger": _silent})
        except KafkaException as error:
            raise FatalError(f"The Kafka client refuses its settings: {error.args[0].str()}") from None
        self._refusal: Refusal | None = None
        self._hung_up_in_silence = True
        self._answered = self.answers = False

    def look(self, seconds: float = LOOK_SECONDS) -> Refusal | None:
        """The refusal that a person must fix. None where a broker answers, and where none can be reached.

        Waits up to `seconds`, and three seconds more to find out why a listener hangs up.
        """
        self._refusal, self._hung_up_in_silence, self.answers = None, True, False
        asked, deadline = self._ask(seconds), Deadline(seconds)
        while not asked.done() and not deadline.passed:
            self._client.poll(POLL_SECONDS)
            if self._refusal is not None:
                return self._explained(self._refusal)
        if asked.done() and _is_answer(asked.exception()):
            self._answered = self.answers = True
            return None
        return self._hung_up() if self._hung_up_in_silence else None

    def _ask(self, seconds: float) -> Future[Any]:
        """Asks for one topic, whatever the answer is.

        describe_cluster() asks for none, but ends the process (SIGABRT, seen with librdkafka 2.16.0) when a
        broker that has just started names no other broker.
        """
        topics = TopicCollection([STATUS.name])
        return self._client.describe_topics(topics, request_timeout=seconds)[STATUS.name]

    def _on_error(self, error: KafkaError) -> None:
        found = refusal(error.code(), error.str(), self._settings.kafka_bootstrap_servers)
        if self._answered and error.code() == KafkaError._TRANSPORT:
            found = None  # a broker that stops hangs up as one that speaks no TLS does
        self._refusal = self._refusal or found
        if found is None and error.code() != KafkaError._ALL_BROKERS_DOWN:
            self._hung_up_in_silence = False

    def _explained(self, found: Refusal) -> Refusal:
        """With what is wrong with the certificate, which the client does not say."""
        if "certificate" not in found.reason:
            return found
        fault = tls.certificate_fault(found.place, self._settings.kafka_ssl_ca_location)
        if fault is None:
            return found
        reason = f"{found.reason.partition(': ')[0]}: {fault.rstrip('.')}"
        return Refusal(found.place, reason, of_the_certificate(fault))

    def _hung_up(self) -> Refusal | None:
        """Why a listener takes the connection and ends it without a word. The client says nothing of it."""
        protocol = self._settings.kafka_security_protocol
        for place in self._settings.kafka_bootstrap_servers.split(","):
            encrypted = tls.speaks(place.strip())
            if encrypted and not protocol.endswith("SSL"):
                return Refusal(place.strip(), "the listener hangs up", f"it speaks TLS, check {PROTOCOL}")
            if encrypted is None or self._answered:
                continue
            if not encrypted and protocol.endswith("SSL"):
                reason = "the listener hangs up on the handshake"
                return Refusal(place.strip(), reason, f"does the listener speak TLS? {PROTOCOL}", False)
            if not protocol.startswith("SASL"):
                reason = "the listener hangs up"
                return Refusal(place.strip(), reason, f"does it ask for a sign-in? {PROTOCOL}", False)
        return None


def _is_answer(error: BaseException | None) -> bool:
    """Whether a broker has answered, if only that the topic is unknown. The client's codes are negative."""
    return error is None or (isinstance(error, KafkaException) and error.args[0].code() >= 0)


class Watch:
    """Looks every few seconds, from a thread of its own.

    A refusal lasts until a broker answers: one that cannot be reached has let nobody in.
    """

    def __init__(
        self,
        known: Connection,
        log: structlog.stdlib.BoundLogger,
        clock: Monotonic = time.monotonic,
    ) -> None:
        self._known, self._log, self._clock = known, log, clock
        self._repeats = Repeats(log, clock)
        self._refusal: Refusal | None = None
        self._since = 0.0
        self._is_logged = False

    def signed_out(self) -> str | None:
        """The sentence, None where all is well. Any thread may ask."""
        found = self._refusal
        return found.sentence if found else None

    def too_long(self) -> str | None:
        """The sentence, where it is certain, after UNHEALTHY_SECONDS. Any thread may ask."""
        found = self._refusal
        if found is None or not found.certain or self._clock() <= self._since + UNHEALTHY_SECONDS:
            return None
        return found.sentence

    def step(self) -> float:
        """Looks once. Returns the seconds until the next look."""
        before, found = self._refusal, self._known.look()
        if found is None and not self._known.answers:
            return PAUSE_SECONDS
        if found is not None and before is None:
            self._since = self._clock()
        self._refusal = found
        if found is not None and before is not None:
            self._is_logged = True
            self._repeats.error("signed out of Kafka", found.sentence)
        elif found is None and self._is_logged:
            self._is_logged = False
            self._repeats.forget()
            self._log.info("signed in to Kafka again")
        return PAUSE_SECONDS if found is None else AGAIN_SECONDS

    def run(self, stop: threading.Event) -> None:
        while not stop.wait(self.step()):
            continue


@contextmanager
def watched(
    settings: KafkaSettings, service: str, health: Health, log: structlog.stdlib.BoundLogger
) -> Iterator[None]:
    """Watches the sign-in meanwhile: signed out, the service is not ready at once, and unhealthy later."""
    watch, stop = Watch(Connection(settings, service), log), threading.Event()
    health.require(watch.signed_out)
    health.watch(watch.too_long)
    thread = threading.Thread(target=watch.run, args=(stop,), name="connection", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()


def require(settings: KafkaSettings, service: str, seconds: float = LOOK_SECONDS) -> None:
    """Raises FatalError with the sentence where Kafka does not let the command in, Unreachable if it may.

    A command asks before its own clients do. A cluster that cannot be reached is theirs to report.
    """
    if found := Connection(settings, service).look(seconds):
        raise FatalError(found.sentence) if found.certain else Unreachable(found.sentence)
