"""Is a part ready? Each check speaks the part's own protocol, answers within a second or two, and never raises for a part that is not up."""

from __future__ import annotations

import http.client
import logging
import socket

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from stock_stack.ports import HOST

SECONDS = 2.0
_silent = logging.getLogger("stock_stack.kafka")
_silent.addHandler(logging.NullHandler())
_silent.propagate = False


def zookeeper(port: int) -> bool:
    """ZooKeeper serves requests: `srvr` names its mode only then."""
    return "Mode: " in _four_letters(port, "srvr")


def no_broker(port: int) -> bool:
    """No broker's session is open in ZooKeeper: one that was killed leaves its own until it expires, and its successor is refused."""
    answer = _four_letters(port, "dump")
    return bool(answer) and "/brokers/ids/" not in answer


def _four_letters(port: int, word: str) -> str:
    """ZooKeeper's answer to one of its four-letter commands; empty when it does not answer."""
    try:
        with socket.create_connection((HOST, port), SECONDS) as connection:
            connection.sendall(word.encode())
            return b"".join(iter(lambda: connection.recv(4096), b"")).decode(errors="replace")
    except OSError:
        return ""


def kafka(port: int) -> bool:
    """A broker answers a metadata request with itself in it."""
    try:
        socket.create_connection((HOST, port), SECONDS).close()
        metadata = AdminClient({"bootstrap.servers": f"{HOST}:{port}"}, logger=_silent).list_topics(timeout=SECONDS)
    except (OSError, KafkaException):
        return False
    return bool(metadata.brokers)


def http_ok(port: int, path: str) -> bool:
    """GET answers 200."""
    connection = http.client.HTTPConnection(HOST, port, timeout=SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
