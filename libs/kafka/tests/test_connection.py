from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicCollection
from structlog.stdlib import BoundLogger
from structlog.testing import CapturingLogger

from stock_common.health import Health
from stock_common.run import FatalError
from stock_common.topics import STATUS
from stock_kafka import connection
from stock_kafka.cluster import Unreachable
from stock_kafka.config import KafkaSettings
from stock_kafka.connection import UNHEALTHY_SECONDS, Connection, Watch, watched
from stock_kafka.sign_in import Refusal

REFUSED = KafkaError(
    KafkaError._AUTHENTICATION, "broker:9092/1: SASL authentication error: invalid credentials"
)
CLOSED = KafkaError(
    KafkaError._TRANSPORT, "ssl://broker:9092/1: SSL handshake failed: Disconnected: closed by peer"
)
DOWN = KafkaError(KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down")
AWAY = KafkaError(KafkaError._TRANSPORT, "broker:9092/1: Connect failed: Connection refused")
SENTENCE = (
    "Kafka at broker:9092: SASL authentication error: invalid credentials: "
    "check KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD."
)
OUT = Refusal("broker:9092", "no", "check it")


class Client:
    """An admin client that reports `errors` at its first poll, and answers where there are none."""

    def __init__(self, *errors: KafkaError) -> None:
        self.errors = list(errors)
        self.on_error: Callable[[KafkaError], None] = lambda error: None

    def __call__(self, config: dict[str, Any]) -> Client:
        self.on_error = config["error_cb"]
        return self

    def describe_topics(self, topics: TopicCollection, request_timeout: float) -> dict[str, Future[object]]:
        asked: Future[object] = Future()
        if not self.errors:
            asked.set_exception(KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART)))
        return {STATUS.name: asked}

    def poll(self, seconds: float) -> None:
        for error in self.errors:
            self.on_error(error)


def connected(*errors: KafkaError, **settings: Any) -> tuple[Connection, Client]:
    client = Client(*errors)
    return Connection(
        KafkaSettings(kafka_bootstrap_servers="broker:9092", **settings), "test", client
    ), client


def test_a_refusal_is_known_at_once_and_an_answer_ends_it() -> None:
    known, client = connected(REFUSED, DOWN)
    found = known.look(seconds=60)
    assert found is not None and found.sentence == SENTENCE
    client.errors = []
    assert known.look() is None and known.answers


def test_settings_that_the_client_refuses_are_one_sentence() -> None:
    def refuse(config: dict[str, Any]) -> Any:
        raise KafkaException(KafkaError(KafkaError._INVALID_ARG, "no such file"))

    with pytest.raises(FatalError, match="The Kafka client refuses its settings: no such file"):
        Connection(KafkaSettings(), "test", refuse)


def test_a_cluster_that_is_away_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "stock_kafka.tls.speaks", lambda place: pytest.fail("the client has named the reason")
    )
    known = connected(AWAY, DOWN)[0]
    assert known.look(seconds=0.01) is None and not known.answers


@pytest.mark.parametrize(
    ("protocol", "speaks", "advice"),
    [
        pytest.param(
            "PLAINTEXT", True, "it speaks TLS, check KAFKA_SECURITY_PROTOCOL", id="plain text to TLS"
        ),
        pytest.param("PLAINTEXT", False, "does it ask for a sign-in? KAFKA_SECURITY_PROTOCOL", id="to SASL"),
        pytest.param(
            "SSL", False, "does the listener speak TLS? KAFKA_SECURITY_PROTOCOL", id="TLS to plain text"
        ),
        pytest.param("PLAINTEXT", None, None, id="nobody listens"),
    ],
)
def test_a_listener_that_hangs_up_without_a_word_is_asked(
    monkeypatch: pytest.MonkeyPatch, protocol: str, speaks: bool | None, advice: str | None
) -> None:
    monkeypatch.setattr("stock_kafka.tls.speaks", lambda place: speaks)
    found = connected(DOWN, kafka_security_protocol=protocol)[0].look(seconds=0.01)
    assert (found and found.advice) == advice


def test_after_an_answer_a_listener_that_hangs_up_is_one_that_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stock_kafka.tls.speaks", lambda place: False)
    known, client = connected(CLOSED, kafka_security_protocol="SSL")
    assert known.look(seconds=0.01) is not None
    client.errors = []
    assert known.look() is None
    client.errors = [CLOSED, DOWN]
    assert known.look(seconds=0.01) is None


def test_the_fault_of_a_certificate_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "ssl://broker:9092/1: SSL handshake failed: error:0A000086:SSL routines::certificate verify failed"
    monkeypatch.setattr("stock_kafka.tls.certificate_fault", lambda place, bundle: "certificate has expired")
    found = connected(KafkaError(KafkaError._SSL, text))[0].look()
    assert found is not None and found.reason == "SSL handshake failed: certificate has expired"
    assert found.advice.startswith("the broker needs a new certificate")
    monkeypatch.setattr("stock_kafka.tls.certificate_fault", lambda place, bundle: None)
    found = connected(KafkaError(KafkaError._SSL, text))[0].look()
    assert found is not None and found.advice == "check KAFKA_SSL_CA_LOCATION"


class Looks:
    """What each look finds, the last one for ever, and the clock."""

    def __init__(self, *found: Refusal | None) -> None:
        self.found, self.now = list(found), 0.0
        self.lines = CapturingLogger()
        self.answers = True
        known: Any = self
        self.watch = Watch(known, BoundLogger(self.lines, [], {}), lambda: self.now)

    def look(self) -> Refusal | None:
        return self.found.pop(0) if len(self.found) > 1 else self.found[0]

    def logged(self) -> list[tuple[str, dict[str, Any]]]:
        return [(call.method_name, call.kwargs) for call in self.lines.calls]


def test_signed_out_is_not_ready_at_once_and_unhealthy_after_the_bound() -> None:
    looks = Looks(None, OUT)
    assert (looks.watch.step(), looks.watch.signed_out()) == (connection.PAUSE_SECONDS, None)
    looks.now = 1_000.0
    assert looks.watch.step() == connection.AGAIN_SECONDS
    assert looks.watch.signed_out() == OUT.sentence
    looks.now += UNHEALTHY_SECONDS
    assert looks.watch.too_long() is None
    looks.now += 1
    assert looks.watch.too_long() == OUT.sentence
    looks.found = [None]
    looks.watch.step()
    assert (looks.watch.signed_out(), looks.watch.too_long()) == (None, None)


def test_what_a_broker_that_starts_does_too_makes_nobody_unhealthy() -> None:
    looks = Looks(OUT._replace(certain=False))
    looks.watch.step()
    looks.now = 10 * UNHEALTHY_SECONDS
    assert looks.watch.signed_out() == OUT.sentence
    assert looks.watch.too_long() is None


def test_the_sentence_is_logged_once_then_seldom_and_its_end_too() -> None:
    looks = Looks(OUT, OUT, OUT, OUT, OUT, None)
    looks.watch.step()
    assert looks.logged() == []  # once may be a broker that starts
    for looks.now in (1.0, 2.0, 3.0, 400.0, 401.0, 402.0):
        looks.watch.step()
    assert [(method, fields.get("times")) for method, fields in looks.logged()] == [
        ("error", None),
        ("error", 3),
        ("info", None),
    ]
    assert looks.logged()[0][1]["reason"] == OUT.sentence


def test_a_broker_that_cannot_be_reached_ends_no_refusal() -> None:
    looks = Looks(OUT, OUT, None)
    for _ in range(2):
        looks.watch.step()
    looks.answers = False
    looks.watch.step()
    assert looks.watch.signed_out() == OUT.sentence
    looks.answers = True
    looks.watch.step()
    assert looks.watch.signed_out() is None
    assert [method for method, _ in looks.logged()] == ["error", "info"]


def test_a_service_is_watched_from_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "Connection", lambda settings, service: Looks(OUT))
    health, looks = Health(), Looks(None)
    with watched(KafkaSettings(), "test", health, BoundLogger(looks.lines, [], {})):
        for _ in range(1_000):
            if health.not_ready():
                break
            connection.threading.Event().wait(0.01)
        assert health.not_ready() == OUT.sentence
        assert health.fault() is None


def test_a_command_ends_with_the_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for certain, kind in ((True, FatalError), (False, Unreachable)):
        looks = Looks(OUT._replace(certain=certain))
        monkeypatch.setattr(Connection, "look", lambda self, seconds, looks=looks: looks.look())
        with pytest.raises(kind, match="check it"):
            connection.require(KafkaSettings(), "test")
    monkeypatch.setattr(Connection, "look", lambda self, seconds: None)
    connection.require(KafkaSettings(), "test")
