"""What is wrong with the sign-in to Kafka, as one sentence: the reason, and the variable to look at.

Pure. The texts are those of librdkafka 2.16 (rdkafka_broker.c, rdkafka_ssl.c, rdkafka_sasl.c).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from confluent_kafka import KafkaError

PROTOCOL = "KAFKA_SECURITY_PROTOCOL"
RIGHTS = "docs/reference/kafka-rights.md"
_PLACE = re.compile(
    r"^(?:\w+://)?(?P<place>[^/\s]+)/\w+: (?P<reason>.*?)(?: \(after \d+ms in state .*\))?$", re.S
)
_TLS = re.compile(r"PLAINTEXT broker listener|wrong version number|closed by peer|SSL handshake failed: Disc")
_AUTHORIZATION = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
}
_AUTHENTICATION, _SSL = KafkaError._AUTHENTICATION, KafkaError._SSL  # noqa: SLF001 (public)
_SIGN_IN = {_AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED}


class Refusal(NamedTuple):
    """What only a person can fix.

    place: host:port of the broker.
    reason: the broker's words, or the client's.
    advice: the variable to look at.
    certain: a broker that starts or stops does not look the same.
    """

    place: str
    reason: str
    advice: str
    certain: bool = True

    @property
    def sentence(self) -> str:
        return f"Kafka at {self.place}: {self.reason}: {self.advice}."


def advice(code: int, text: str) -> str | None:
    """What a person has to look at for an error of the client, None where it passes by itself."""
    if code in _AUTHORIZATION:
        return f"give KAFKA_SASL_USERNAME the rights of {RIGHTS}"
    if code in _SIGN_IN:
        return _of_the_sign_in(text)
    if _TLS.search(text):
        return f"does the listener speak TLS? {PROTOCOL}"
    if "certificate" in text:
        return of_the_certificate(text)
    return f"check {PROTOCOL} and KAFKA_SSL_CA_LOCATION" if code == _SSL else None


def refusal(code: int, text: str, servers: str) -> Refusal | None:
    """The refusal that an error of the client tells of, None where it passes by itself.

    text: the error's, `<protocol>://<host:port>/<broker>: <reason> (after 5ms in state …)`.
    servers: the place where the text names none.
    """
    what = advice(code, text)
    if what is None:
        return None
    found = _PLACE.match(text)
    place, reason = (found["place"], found["reason"]) if found else (servers, text)
    return Refusal(place, " ".join(reason.split()).rstrip(".: "), what, code != KafkaError._TRANSPORT)


def of_the_certificate(fault: str) -> str:
    """What a person has to look at when a certificate is not taken, by the words of OpenSSL."""
    if "expired" in fault or "not yet valid" in fault:
        return "the broker needs a new certificate, or this machine the right time"
    if "mismatch" in fault:
        return "name the broker in KAFKA_BOOTSTRAP_SERVERS, and in its own listeners, as its certificate does"
    return "check KAFKA_SSL_CA_LOCATION"


def hints(error: KafkaError, group: str) -> dict[str, str]:
    """Fields of a log line about the error: the consumer's group, and what to look at where that is known."""
    found = advice(error.code(), error.str())
    return {"group": group, "advice": found} if found else {}


def _of_the_sign_in(text: str) -> str:
    if "not valid in current SASL state" in text:
        return f"this listener asks nobody to sign in, check {PROTOCOL}"
    if "mechanism handshake failed" in text:
        return "check KAFKA_SASL_MECHANISM"
    return "check KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD"
