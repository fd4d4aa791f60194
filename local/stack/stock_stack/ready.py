"""Whether a part is ready. Each check speaks the part's protocol and takes two seconds at most.

A part that does not answer is not ready: no check raises for it.
"""

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
    """ZooKeeper serves requests. Only then `srvr` names its mode."""
    return "Mode: " in _four_letters(port, "srvr")


def no_broker(port: int, number: int) -> bool:
    """The broker of this number has no session in ZooKeeper.

    A killed broker leaves its session until that expires, and ZooKeeper refuses the successor so long.
    """
    answer = _four_letters(port, "dump")
    return bool(answer) and f"/brokers/ids/{number}\n" not in answer


def _four_letters(port: int, word: str) -> str:
    """ZooKeeper's answer to a four-letter command. Empty when it does not answer."""
    try:
        with socket.create_connection((HOST, port), SECONDS) as connection:
            connection.sendall(word.encode())
            return b"".join(iter(lambda: connection.recv(4096), b"")).decode(errors="replace")
    except OSError:
        return ""


def kafka(port: int, number: int) -> bool:
    """The broker of this number answers a metadata request with itself in it."""
    try:
        socket.create_connection((HOST, port), SECONDS).close()
        metadata = AdminClient({"bootstrap.servers": f"{HOST}:{port}"}, logger=_silent).list_topics(
            timeout=SECONDS
        )
    except (OSError, KafkaException):
        return False
    return number in metadata.brokers


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
