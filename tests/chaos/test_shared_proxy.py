"""Proxies at a real server on loopback. Those that break connections are tested with the chaos suite."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from stock_stack.ports import HOST
from stock_testing.proxy import Counter, Proxy, Running, Throttle

BODY = b"x" * 200_000


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[int]:
    """The port of a server that sends back what it gets."""
    found = ThreadingHTTPServer((HOST, 0), Handler)
    threading.Thread(target=found.serve_forever, daemon=True).start()
    yield found.server_address[1]
    found.shutdown()
    found.server_close()


def put(port: int, times: int = 1) -> list[bytes]:
    """The answers of requests over one connection."""
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    answers = []
    for _ in range(times):
        connection.request("PUT", "/key?a=b", BODY)
        answers.append(connection.getresponse().read())
    connection.close()
    return answers


def test_bytes_pass_unchanged(server: int) -> None:
    with closing(Running(Proxy(server))) as running:
        assert put(running.port, 3) == [BODY] * 3


def test_requests_and_bytes_are_counted(server: int) -> None:
    with closing(Running(Counter(server))) as running:
        put(running.port, 2)
        put(running.port)
    counted = running.proxy
    assert [(each.verb, each.target) for each in counted.requests] == [("PUT", "/key?a=b")] * 3
    assert 3 * len(BODY) < counted.bytes_up < 3 * len(BODY) + 3_000
    assert 3 * len(BODY) < counted.bytes_down < 3 * len(BODY) + 3_000


def test_a_throttle_holds_its_rate_over_all_connections(server: int) -> None:
    with closing(Running(Throttle(server, 4 * len(BODY)))) as running:
        begun = time.monotonic()
        threads = [threading.Thread(target=put, args=(running.port,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 0.9 < time.monotonic() - begun < 10
    assert running.proxy.passed > 4 * len(BODY)


def test_a_server_that_is_away_resets_the_client() -> None:
    with closing(Running(Proxy(1))) as running, pytest.raises(OSError):
        put(running.port)
