"""Settings of Kafka clients (librdkafka), with TLS and SASL for AWS."""

from typing import Any, Literal

from pydantic import Field, model_validator

from stock_common.settings import OptionalSecret, OptionalText, Settings
from stock_kafka import librdkafka_log

SOCKET_TIMEOUT_MS = 30_000
SESSION_TIMEOUT_MS = 15_000
"""A killed member's partitions are another's after this; heartbeats have a thread of their own, so a busy member is not a dead one."""
MAX_POLL_INTERVAL_MS = 300_000
ADMIN_METADATA_MS = 5_000
"""An admin client that asks a broker in the second before its cluster has elected a controller hears "none", and its calls then wait for one
without asking again until the next refresh: five minutes by default, in which every call times out. Not for consumers: one that asks in that
second hears that its topic is not there, and may read nothing from then on."""


class KafkaSettings(Settings):
    """Where the brokers are and how to sign in."""

    kafka_bootstrap_servers: str = Field("localhost:9092", min_length=1, description="Brokers, host:port, by commas.")
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_SSL", "SASL_PLAINTEXT"] = Field("PLAINTEXT", description="As the brokers' listener.")
    kafka_sasl_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] | None = Field(None, description="For SASL_*; MSK has SCRAM-SHA-512.")
    kafka_sasl_username: OptionalText = Field(None, description="For SASL_*.")
    kafka_sasl_password: OptionalSecret = Field(None, description="For SASL_*.")
    kafka_ssl_ca_location: OptionalText = Field(None, description="CA bundle for SSL; empty: the system's.")

    @model_validator(mode="after")
    def _sasl_is_whole(self) -> "KafkaSettings":
        if self.kafka_security_protocol.startswith("SASL"):
            absent = [name for name in ("kafka_sasl_mechanism", "kafka_sasl_username", "kafka_sasl_password") if getattr(self, name) is None]
            if absent:
                raise ValueError(f"{', '.join(name.upper() for name in absent)}: needed with KAFKA_SECURITY_PROTOCOL={self.kafka_security_protocol}")
        return self

    def client(self, service: str) -> dict[str, Any]:
        """What every client of `service` has in common."""
        config: dict[str, Any] = {
            "bootstrap.servers": self.kafka_bootstrap_servers,
            "client.id": service,
            "security.protocol": self.kafka_security_protocol,
            "socket.timeout.ms": SOCKET_TIMEOUT_MS,
            "socket.keepalive.enable": True,
            "reconnect.backoff.max.ms": 5_000,
            "log.connection.close": False,
            "logger": librdkafka_log.logger(),
        }
        if self.kafka_sasl_mechanism and self.kafka_sasl_password:
            config |= {
                "sasl.mechanism": self.kafka_sasl_mechanism,
                "sasl.username": self.kafka_sasl_username,
                "sasl.password": self.kafka_sasl_password.get_secret_value(),
            }
        if self.kafka_ssl_ca_location:
            config["ssl.ca.location"] = self.kafka_ssl_ca_location
        return config

    def admin(self, service: str) -> dict[str, Any]:
        """An admin client that finds the controller again after a broker's restart."""
        return self.client(service) | {"topic.metadata.refresh.interval.ms": ADMIN_METADATA_MS}

    def producer(self, service: str) -> dict[str, Any]:
        """An idempotent producer that never gives a message up: with a timeout, a later message could overtake a failed one."""
        return self.client(service) | {
            "enable.idempotence": True,
            "acks": "all",
            "message.timeout.ms": 0,
            "compression.type": "lz4",
            "linger.ms": 5,
            "partitioner": "murmur2_random",
        }

    def consumer(self, service: str, group: str) -> dict[str, Any]:
        """A consumer whose position is set by its owner: no stored offset is trusted, none is committed by itself."""
        return self.client(service) | {
            "group.id": group,
            "partition.assignment.strategy": "cooperative-sticky",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",
            "isolation.level": "read_committed",
            "session.timeout.ms": SESSION_TIMEOUT_MS,
            "max.poll.interval.ms": MAX_POLL_INTERVAL_MS,
            "enable.partition.eof": False,
        }
