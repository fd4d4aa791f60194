from __future__ import annotations

from typing import NamedTuple

import pytest
from confluent_kafka import KafkaError

from stock_kafka.sign_in import Refusal, refusal

SECURE, PLAIN = "sasl_ssl://broker:9096/bootstrap: ", "broker:9092/1: "
BROKEN_OFF = "SSL handshake failed: Disconnected: SSL connection closed by peer"


class Case(NamedTuple):
    """An error of the client against a real broker, and what is made of it."""

    code: int
    text: str
    reason: str
    advice: str
    certain: bool = True


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            Case(
                KafkaError._AUTHENTICATION,
                f"{SECURE}SASL authentication error: Authentication failed during authentication due to "
                "invalid credentials with SASL mechanism SCRAM-SHA-512 (after 319ms in state AUTH_REQ)",
                "SASL authentication error: Authentication failed during authentication due to invalid "
                "credentials with SASL mechanism SCRAM-SHA-512",
                "check KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD",
            ),
            id="wrong password",
        ),
        pytest.param(
            Case(
                KafkaError._AUTHENTICATION,
                f"{SECURE}SASL SCRAM-SHA-256 mechanism handshake failed: Broker: Unsupported SASL mechanism: "
                "broker's supported mechanisms: SCRAM-SHA-512 (after 301ms in state AUTH_HANDSHAKE)",
                "SASL SCRAM-SHA-256 mechanism handshake failed: Broker: Unsupported SASL mechanism: "
                "broker's supported mechanisms: SCRAM-SHA-512",
                "check KAFKA_SASL_MECHANISM",
            ),
            id="wrong mechanism",
        ),
        pytest.param(
            Case(
                KafkaError._AUTHENTICATION,
                f"{SECURE}SASL SCRAM-SHA-512 mechanism handshake failed: Broker: Request not valid in "
                "current SASL state: broker's supported mechanisms:  (after 0ms in state AUTH_HANDSHAKE)",
                "SASL SCRAM-SHA-512 mechanism handshake failed: Broker: Request not valid in current SASL "
                "state: broker's supported mechanisms",
                "this listener asks nobody to sign in, check KAFKA_SECURITY_PROTOCOL",
            ),
            id="a listener without sign-in",
        ),
        pytest.param(
            Case(
                KafkaError._SSL,
                f"{SECURE}SSL handshake failed: error:0A000086:SSL routines::certificate verify failed "
                "(after 9ms in state SSL_HANDSHAKE)",
                "SSL handshake failed: error:0A000086:SSL routines::certificate verify failed",
                "check KAFKA_SSL_CA_LOCATION",
            ),
            id="unknown authority",
        ),
        pytest.param(
            Case(
                KafkaError._TRANSPORT,
                f"{SECURE}{BROKEN_OFF} (after 0ms in state SSL_HANDSHAKE)",
                BROKEN_OFF,
                "does the listener speak TLS? KAFKA_SECURITY_PROTOCOL",
                certain=False,
            ),
            id="a listener without TLS",
        ),
        pytest.param(
            Case(
                KafkaError._SSL,
                f"{PLAIN}ssl_ctx: something else",
                "ssl_ctx: something else",
                "check KAFKA_SECURITY_PROTOCOL and KAFKA_SSL_CA_LOCATION",
            ),
            id="another error of TLS",
        ),
        pytest.param(
            Case(
                KafkaError.GROUP_AUTHORIZATION_FAILED,
                "Broker: Group authorization failed",
                "Broker: Group authorization failed",
                "give KAFKA_SASL_USERNAME the rights of docs/reference/kafka-rights.md",
            ),
            id="a missing right",
        ),
    ],
)
def test_a_refusal_names_the_variable_and_what_was_reason(case: Case) -> None:
    place = case.text.partition("/")[0] if "/" in case.text else "seed:1"
    place = "broker:9096" if case.text.startswith("sasl_ssl") else place
    found = refusal(case.code, case.text, "seed:1")
    assert found == Refusal(place, case.reason, case.advice, case.certain)
    assert found.sentence == f"Kafka at {place}: {case.reason}: {case.advice}."


@pytest.mark.parametrize(
    ("code", "text"),
    [
        pytest.param(
            KafkaError._TRANSPORT,
            f"{PLAIN}Connect to ipv4#10.0.0.1:9092 failed: Connection refused",
            id="down",
        ),
        pytest.param(KafkaError._ALL_BROKERS_DOWN, "3/3 brokers are down", id="all down"),
        pytest.param(KafkaError._RESOLVE, f"{PLAIN}Failed to resolve 'broker:9092'", id="unknown name"),
    ],
)
def test_what_passes_by_itself_is_no_refusal(code: int, text: str) -> None:
    assert refusal(code, text, "seed:1") is None
