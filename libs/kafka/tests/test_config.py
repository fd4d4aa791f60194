from __future__ import annotations

import pytest
from confluent_kafka import Consumer, Producer, Uuid

from stock_common.settings import ConfigurationError, load, public
from stock_kafka.cluster import hex_id
from stock_kafka.config import KafkaSettings


def test_clients_take_the_settings() -> None:
    settings = KafkaSettings(kafka_bootstrap_servers="127.0.0.1:1")
    Producer(settings.producer("test"))
    Consumer(settings.consumer("test", "group")).close()


def test_sasl_is_whole_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("KAFKA_SASL_USERNAME", "stock")
    with pytest.raises(ConfigurationError, match="KAFKA_SASL_MECHANISM, KAFKA_SASL_PASSWORD: needed"):
        load(KafkaSettings)
    monkeypatch.setenv("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512")
    monkeypatch.setenv("KAFKA_SASL_PASSWORD", "hidden-password")
    settings = load(KafkaSettings)
    assert settings.client("test")["sasl.password"] == "hidden-password"
    assert "hidden-password" not in repr(settings) + str(public(settings))


def test_nothing_gives_a_message_up_or_moves_a_position_by_itself() -> None:
    settings = KafkaSettings()
    assert settings.producer("test")["message.timeout.ms"] == 0
    consumer = settings.consumer("test", "group")
    assert (consumer["enable.auto.commit"], consumer["enable.auto.offset.store"], consumer["auto.offset.reset"]) == (False, False, "error")


def test_an_admin_client_asks_again_soon_who_the_controller_is() -> None:
    settings = KafkaSettings()
    assert settings.admin("test")["topic.metadata.refresh.interval.ms"] <= 5_000
    assert "topic.metadata.refresh.interval.ms" not in settings.client("test")


@pytest.mark.parametrize("number", [0, 1, 2**127 + 5, 2**128 - 1])
def test_a_topic_id_is_its_bytes_in_hex(number: int) -> None:
    def signed(bits: int) -> int:
        return bits - 2**64 if bits >= 2**63 else bits

    assert hex_id(Uuid(signed(number >> 64), signed(number & (2**64 - 1)))) == f"{number:032x}"
