"""The proxies do what faults ask for, at a real server on loopback."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from chaos.lines import Mode
from chaos.links import BROKERS, LINKS, Link, broker, concerned, environment, refusing, upstream
from chaos.plan import COMPONENTS, TARGETS, Kind
from chaos.proxy import Proxies
from stock_stack.ports import HOST, free

STORE, ENSEMBLE = Link("s3-sink", "s3"), Link("kafka", "zookeeper")
TOKEN = 1


class Server(ThreadingHTTPServer):
    """Counts what it was asked."""

    asked = 0

    def handle_error(self, request, client_address) -> None:
        """Cut connections are what this is about."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked += 1  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server((HOST, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def proxies(server: Server) -> Iterator[tuple[Proxies, dict[Link, int]]]:
    made = Proxies()
    yield made, made.open({STORE: server.server_address[1], ENSEMBLE: server.server_address[1]})
    made.close()


def put(port: int, connection: http.client.HTTPConnection | None = None) -> tuple[int, bytes]:
    connection = connection or http.client.HTTPConnection(HOST, port, timeout=10)
    connection.request("PUT", "/key", b"x" * 100_000)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_without_a_fault_everything_passes(proxies, server: Server) -> None:
    _, ports = proxies
    connection = http.client.HTTPConnection(HOST, ports[STORE], timeout=10)
    assert [put(ports[STORE], connection) for _ in range(3)] == [(200, b"ok")] * 3


def test_a_cut_ends_what_is_open_and_loses_the_answer_of_what_comes(proxies, server: Server) -> None:
    made, ports = proxies
    connection = http.client.HTTPConnection(HOST, ports[STORE], timeout=10)
    assert put(0, connection) == (200, b"ok")
    made.begin(TOKEN, [STORE], Mode(Kind.CUT))
    time.sleep(0.2)
    with pytest.raises((ConnectionError, http.client.BadStatusLine)):
        put(0, connection)
    with pytest.raises((ConnectionError, http.client.BadStatusLine)):
        put(ports[STORE])
    assert server.asked == 2, "the request came through, its answer did not"
    made.end(TOKEN)
    time.sleep(0.1)
    assert put(ports[STORE]) == (200, b"ok")


def test_a_delay_holds_both_directions(proxies) -> None:
    made, ports = proxies
    made.begin(TOKEN, [STORE], Mode(Kind.DELAY, delay=0.3))
    begun = time.monotonic()
    assert put(ports[STORE]) == (200, b"ok")
    assert time.monotonic() - begun > 0.6


@pytest.mark.parametrize("status", [500, 503])
def test_errors_are_answered_in_the_servers_place(proxies, server: Server, status: int) -> None:
    made, ports = proxies
    made.begin(TOKEN, [STORE], Mode(Kind.ERRORS, status=status))
    time.sleep(0.1)
    assert put(ports[STORE]) == (status, b"chaos")
    assert server.asked == 0


def test_a_session_that_comes_back_has_expired(proxies) -> None:
    made, ports = proxies
    made.begin(TOKEN, [ENSEMBLE], Mode(Kind.ERRORS))
    time.sleep(0.1)
    request = struct.pack(">iqiqi16s?", 0, 0, 6000, 77, 16, bytes(16), False)
    with socket.create_connection((HOST, ports[ENSEMBLE]), 10) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        answer = connection.recv(100)
    _, _, timeout, session = struct.unpack_from(">iiiq", answer)
    assert (len(answer), timeout, session) == (41, 0, 0)


def test_overlapping_faults_end_one_by_one(proxies) -> None:
    made, ports = proxies
    made.begin(1, [STORE], Mode(Kind.ERRORS))
    made.begin(2, [STORE], Mode(Kind.ERRORS, status=500))
    made.end(1)
    time.sleep(0.1)
    assert put(ports[STORE])[0] == 500
    made.end(2)
    time.sleep(0.1)
    assert put(ports[STORE])[0] == 200


def test_every_fault_of_connections_concerns_some() -> None:
    for component in COMPONENTS:
        for target in TARGETS.get(component, (component,)):
            assert concerned(target)
            assert refusing(target) or target in BROKERS


def test_every_client_is_led_to_its_proxies() -> None:
    ports = free()
    try:
        listening = {link: 40_000 + number for number, link in enumerate(LINKS)}
        for link in LINKS:
            if link.client not in BROKERS:
                assert any(
                    str(listening[link]) in value for value in environment(link.client, listening).values()
                ), link
        for link in (link for link in LINKS if link.server in BROKERS):
            properties = broker(link.server, listening, ports)
            assert f"{HOST}:{listening[link]}" in str(properties["advertised.listeners"])
            assert f"{HOST}:{upstream(link, ports)}" in str(properties["listeners"])
    finally:
        ports.release()
