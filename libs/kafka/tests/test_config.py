from __future__ import annotations

from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, Uuid

from stock_common.settings import ConfigurationError, load, public
from stock_kafka.cluster import hex_id
from stock_kafka.config import KafkaSettings

CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBbzCCARWgAwIBAgIUTEUvpyJR5hdhKzvneXXU9t8BEt8wCgYIKoZIzj0EAwIw
DTELMAkGA1UEAwwCY2EwHhcNMjYxMTI3MjI1NjE5WhcNMzYxMTI0MjI1NjE5WjAN
MQswCQYDVQQDDAJjYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDInQZXjWO1G
edQ7Y8zY6sfZbZ/OqlfrX1Ud4W7B6zAw1RBOfjLL//foz6UnMyk/qqkT0JSQS1KU
Nqrx0iNKqNujUzBRMB0GA1UdDgQWBBRBfA0egFOLNr5jvXOuMRkz8YX+KzAfBgNV
HSMEGDAWgBRBfA0egFOLNr5jvXOuMRkz8YX+KzAPBgNVHRMBAf8EBTADAQH/MAoG
CCqGSM49BAMCA0gAMEUCIQD8SLDUP1kqHvHzV8ix1yyuxARA4V1FRBEd0FTIuiZc
TQIgX5IyNNqglOfZC+SdmcFyNjuTwYlnjKPYxddrpePGH/0=
-----END CERTIFICATE-----
"""


def test_clients_take_the_settings() -> None:
    settings = KafkaSettings(kafka_bootstrap_servers="127.0.0.1:1")
    Producer(settings.producer("test"))
    Consumer(settings.consumer("test", "group")).close()


def faults(monkeypatch: pytest.MonkeyPatch, **variables: str) -> list[str]:
    for name, value in variables.items():
        monkeypatch.setenv(f"KAFKA_{name.upper()}", value)
    with pytest.raises(ConfigurationError) as caught:
        load(KafkaSettings)
    return [line.strip() for line in str(caught.value).splitlines()[1:]]


def test_sasl_is_whole_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    mechanism, password = faults(monkeypatch, security_protocol="SASL_SSL", sasl_username="stock")
    assert mechanism.startswith("KAFKA_SASL_MECHANISM: needed with KAFKA_SECURITY_PROTOCOL=SASL_SSL")
    assert password.startswith("KAFKA_SASL_PASSWORD: needed with KAFKA_SECURITY_PROTOCOL=SASL_SSL")
    monkeypatch.setenv("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512")
    monkeypatch.setenv("KAFKA_SASL_PASSWORD", "hidden-password")
    settings = load(KafkaSettings)
    assert settings.client("test")["sasl.password"] == "hidden-password"
    assert "hidden-password" not in repr(settings) + str(public(settings))


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SSL"])
def test_a_sign_in_that_would_not_be_used_is_refused(monkeypatch: pytest.MonkeyPatch, protocol: str) -> None:
    user, password = faults(
        monkeypatch, security_protocol=protocol, sasl_username="stock", sasl_password="hidden"
    )
    assert user.startswith(f"KAFKA_SASL_USERNAME: nobody signs in with KAFKA_SECURITY_PROTOCOL={protocol}")
    assert password.startswith("KAFKA_SASL_PASSWORD: nobody signs in")
    assert "hidden" not in password


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(None, "cannot be read: No such file or directory", id="not there"),
        pytest.param("", "holds no certificate", id="empty"),
        pytest.param("-----BEGIN CERTIFICATE-----\nbm9uZQ==\n", "holds no certificate", id="cut off"),
    ],
)
def test_a_ca_file_without_a_certificate_is_named_beside_every_other_fault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None, reason: str
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    mechanism, user, password, authority = faults(
        monkeypatch, security_protocol="SASL_SSL", sasl_mechanism="SCRAM", ssl_ca_location=str(path)
    )
    assert "'SCRAM-SHA-512', 'SCRAM-SHA-256' or 'PLAIN'" in mechanism
    assert "KAFKA_SASL_USERNAME" in user
    assert "KAFKA_SASL_PASSWORD" in password
    assert authority.startswith(f"KAFKA_SSL_CA_LOCATION: {path} {reason}")


def test_a_ca_bundle_and_a_directory_are_taken(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(CERTIFICATE)
    for path in (tmp_path / "ca.pem", tmp_path):
        settings = KafkaSettings(kafka_security_protocol="SSL", kafka_ssl_ca_location=str(path))
        assert settings.client("test")["ssl.ca.location"] == str(path)


def test_nothing_gives_a_message_up_or_moves_a_position_by_itself() -> None:
    settings = KafkaSettings()
    assert settings.producer("test")["message.timeout.ms"] == 0
    consumer = settings.consumer("test", "group")
    assert (
        consumer["enable.auto.commit"],
        consumer["enable.auto.offset.store"],
        consumer["auto.offset.reset"],
    ) == (False, False, "error")


def test_every_consumer_checks_the_sums_of_what_it_reads() -> None:
    """librdkafka does not by default, and a byte that flipped on a broker's disk changed a price."""
    settings = KafkaSettings()
    assert settings.consumer("test", "group")["check.crcs"] is True
    assert settings.reader("test")["check.crcs"] is True


def test_an_admin_client_asks_again_soon_who_the_controller_is() -> None:
    settings = KafkaSettings()
    assert settings.admin("test")["topic.metadata.refresh.interval.ms"] <= 5_000
    assert "topic.metadata.refresh.interval.ms" not in settings.client("test")


@pytest.mark.parametrize("number", [0, 1, 2**127 + 5, 2**128 - 1])
def test_a_topic_id_is_its_bytes_in_hex(number: int) -> None:
    def signed(bits: int) -> int:
        return bits - 2**64 if bits >= 2**63 else bits

    assert hex_id(Uuid(signed(number >> 64), signed(number & (2**64 - 1)))) == f"{number:032x}"
