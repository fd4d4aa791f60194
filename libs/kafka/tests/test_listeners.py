"""The real client against listeners that it cannot talk to: what its connection's error is made into."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from listeners import AUTHORITY, listener

from stock_kafka.config import KafkaSettings
from stock_kafka.connection import Connection


class Case(NamedTuple):
    """A listener with this certificate, a client with this protocol and authority, and the sentence's end."""

    certificate: str | None
    protocol: str
    authority: str | None
    end: str


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            Case("expired", "SSL", AUTHORITY, "certificate has expired: the broker needs a new certificate"),
            id="expired certificate",
        ),
        pytest.param(
            Case("other", "SSL", AUTHORITY, "not valid for '127.0.0.1': name the broker in KAFKA_BOOTSTRAP"),
            id="certificate for another name",
        ),
        pytest.param(
            Case("good", "SSL", None, "unable to get local issuer certificate: check KAFKA_SSL_CA_LOCATION"),
            id="unknown authority",
        ),
        pytest.param(
            Case("good", "PLAINTEXT", None, "it speaks TLS, check KAFKA_SECURITY_PROTOCOL"), id="plain to TLS"
        ),
        pytest.param(
            Case(None, "SSL", AUTHORITY, "does the listener speak TLS? KAFKA_SECURITY_PROTOCOL"),
            id="TLS to plain",
        ),
        pytest.param(
            Case(None, "PLAINTEXT", None, "does it ask for a sign-in? KAFKA_SECURITY_PROTOCOL"),
            id="hung up on",
        ),
    ],
)
def test_the_sentence_names_the_reason_and_the_variable(case: Case) -> None:
    with listener(case.certificate) as place:
        settings = KafkaSettings.model_validate(
            {
                "kafka_bootstrap_servers": place,
                "kafka_security_protocol": case.protocol,
                "kafka_ssl_ca_location": case.authority,
            }
        )
        found = Connection(settings, "test").look()
    assert found is not None
    assert found.sentence.startswith(f"Kafka at {place}: ")
    assert case.end in found.sentence
