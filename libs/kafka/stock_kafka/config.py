"""Settings of Kafka clients (librdkafka), with TLS and SASL for AWS."""

import ssl
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from stock_common.settings import OptionalSecret, OptionalText, Settings
from stock_kafka import librdkafka_log, tls

SOCKET_TIMEOUT_MS = 30_000
SESSION_TIMEOUT_MS = 15_000
"""After this a killed member's partitions go to another. Heartbeats have their own thread, so a busy member
keeps its partitions."""
MAX_POLL_INTERVAL_MS = 300_000
ADMIN_METADATA_MS = 5_000
"""How often an admin client asks for metadata.

In the second before a cluster has elected its controller, a broker answers that there is none. The client's
calls then wait for a controller, and it does not ask again before the next refresh: five minutes by
default, in which every call times out. Consumers keep the default: one that asks in that second hears that
its topic is missing, and may read nothing from then on."""


class KafkaSettings(Settings):
    """Where the brokers are and how to sign in."""

    kafka_bootstrap_servers: str = Field(
        "localhost:9092", min_length=1, description="Brokers, host:port, by commas."
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_SSL", "SASL_PLAINTEXT"] = Field(
        "PLAINTEXT", description="As the brokers' listener."
    )
    kafka_sasl_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] | None = Field(
        None, validate_default=True, description="For SASL_*. MSK has SCRAM-SHA-512."
    )
    kafka_sasl_username: OptionalText = Field(None, validate_default=True, description="For SASL_*.")
    kafka_sasl_password: OptionalSecret = Field(None, validate_default=True, description="For SASL_*.")
    kafka_ssl_ca_location: OptionalText = Field(None, description="CA bundle for SSL. Empty: the system's.")

    @field_validator("kafka_sasl_mechanism", "kafka_sasl_username", "kafka_sasl_password")
    @classmethod
    def _sasl_is_whole_or_absent(
        cls, value: str | SecretStr | None, info: ValidationInfo
    ) -> str | SecretStr | None:
        protocol = info.data.get("kafka_security_protocol")
        if protocol is not None and protocol.startswith("SASL") and value is None:
            raise ValueError(f"needed with KAFKA_SECURITY_PROTOCOL={protocol}")
        if protocol in ("PLAINTEXT", "SSL") and value is not None:
            raise ValueError(
                f"nobody signs in with KAFKA_SECURITY_PROTOCOL={protocol}: "
                "set that to SASL_SSL or SASL_PLAINTEXT, or leave this out"
            )
        return value

    @field_validator("kafka_ssl_ca_location")
    @classmethod
    def _holds_certificates(cls, path: str | None) -> str | None:
        if path is not None:
            _require_certificates(Path(path))
        return path

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
        """An idempotent producer that never gives a message up.

        With a timeout, a later message could overtake one that has failed.
        """
        return self.client(service) | {
            "enable.idempotence": True,
            "acks": "all",
            "message.timeout.ms": 0,
            "compression.type": "lz4",
            "linger.ms": 5,
            "partitioner": "murmur2_random",
        }

    def consumer(self, service: str, group: str) -> dict[str, Any]:
        """A group's consumer whose owner sets its position. By itself it trusts and commits no offset.

        It checks each batch's checksum, which librdkafka does not do by default. The group shares each topic,
        within one partition. (With cooperative-sticky the second member got whole topics.)
        """
        return self.client(service) | {
            "group.id": group,
            "partition.assignment.strategy": "roundrobin",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",
            "isolation.level": "read_committed",
            "check.crcs": True,
            "session.timeout.ms": SESSION_TIMEOUT_MS,
            "max.poll.interval.ms": MAX_POLL_INTERVAL_MS,
            "enable.partition.eof": False,
        }

    def reader(self, service: str, group: str | None = None) -> dict[str, Any]:
        """A consumer that is assigned partitions and offsets, joins no group, and hears of a partition's end.

        See stock_kafka.reader. `group` is a name that the broker's log shows, `<service>-reader` without one.
        """
        return self.client(service) | {
            "group.id": group or f"{service}-reader",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",
            "check.crcs": True,
            "enable.partition.eof": True,
        }


def _require_certificates(path: Path) -> None:
    """Raises ValueError unless the file holds a certificate, or the directory can be listed.

    (librdkafka takes a directory too, of files named by their hash.)
    """
    try:
        if path.is_dir():
            next(path.iterdir(), None)
        tls.trusting(path)
    except ssl.SSLError:
        raise ValueError(f"{path} holds no certificate in PEM form") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
