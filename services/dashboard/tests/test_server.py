"""The real server before any sign-in: what it takes from strangers, and what it tells browsers."""

from __future__ import annotations

import gzip
import http.client
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from command import GOOD
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

LIMIT_MB = 640
"""compose's limit of the dashboard's memory."""
START_SECONDS = 60


class Server(NamedTuple):
    process: subprocess.Popen[bytes]
    port: int

    def peak_mb(self) -> float:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.process.pid}/status").read_text())
        assert found is not None
        return int(found[1]) / 1_000

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path, headers=headers or {})
        return connection.getresponse()

    def stream(self, host: str = "127.0.0.1", origin: str | None = None) -> ClientConnection:
        """The page's websocket, as a browser opens it that calls the server `host`."""
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        uri = f"ws://{host}:{self.port}/_stcore/stream"
        return connect(uri, sock=raw, origin=origin or f"http://{host}:{self.port}")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    port = free_port()
    own = {
        "DASHBOARD_PORT": str(port),
        "METRICS_PORT": str(free_port()),
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "HOME": str(tmp_path_factory.mktemp("home")),
    }
    environment = {"PATH": os.environ["PATH"], **GOOD, **own}
    process = subprocess.Popen(
        [sys.executable, "-m", "stock_dashboard"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    running = Server(process, port)
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            if running.get("/_stcore/health").status == 200:
                break
        except OSError:
            assert time.monotonic() < end, "the dashboard did not start"
            assert process.poll() is None, "the dashboard ended"
            time.sleep(0.2)
    try:
        yield running
    finally:
        process.terminate()
        process.wait(30)


def test_every_answer_says_what_the_browser_may_load_and_who_may_frame_it(server: Server) -> None:
    headers = server.get("/").headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def script_of(server: Server) -> str:
    """The address of the page's first script."""
    found = re.search(rb'src="\./(static/js/[^"]+)"', server.get("/").read())
    assert found is not None
    return "/" + found[1].decode()


def test_a_script_is_sent_compressed_and_is_the_same_script(server: Server) -> None:
    script = script_of(server)
    plain = server.get(script)
    assert plain.headers["Content-Encoding"] is None
    whole = plain.read()
    for _ in range(2):
        answer = server.get(script, {"Accept-Encoding": "gzip"})
        packed = answer.read()
        assert answer.headers["Content-Encoding"] == "gzip"
        assert int(answer.headers["Content-Length"]) == len(packed) < len(whole) / 2
        assert "immutable" in answer.headers["Cache-Control"]
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert gzip.decompress(packed) == whole


def test_part_of_a_script_and_one_that_the_browser_holds_go_as_they_are(server: Server) -> None:
    script = script_of(server)
    part = server.get(script, {"Accept-Encoding": "gzip", "Range": "bytes=0-9"})
    assert (part.status, part.headers["Content-Encoding"], len(part.read())) == (206, None, 10)
    etag = server.get(script, {"Accept-Encoding": "gzip"}).headers["ETag"]
    assert server.get(script, {"Accept-Encoding": "gzip", "If-None-Match": etag}).status == 304


def test_names_that_are_no_script_are_not_kept(server: Server) -> None:
    answer = server.get("/static/js/none.js", {"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] is None


def test_the_stream_is_compressed(server: Server) -> None:
    with server.stream() as viewer:
        assert viewer.response is not None
        assert "permessage-deflate" in viewer.response.headers["Sec-WebSocket-Extensions"]


def test_a_browser_that_uses_another_name_gets_no_page(server: Server) -> None:
    with pytest.raises(InvalidHandshake):
        server.stream("evil.example.com")


def test_a_page_of_another_origin_gets_no_stream(server: Server) -> None:
    with pytest.raises(InvalidHandshake):
        server.stream(origin="http://evil.example.com")


def test_a_flood_before_any_sign_in_does_not_fill_the_memory(server: Server) -> None:
    for _ in range(3):
        with server.stream() as stranger, pytest.raises((ConnectionClosed, OSError)):
            stranger.send(b"x" * 190_000_000)
            stranger.recv(timeout=20)
            stranger.recv(timeout=20)
    assert server.process.poll() is None
    assert server.peak_mb() < LIMIT_MB
    with server.stream() as viewer:
        assert viewer.protocol.state.name == "OPEN"
    assert server.get("/_stcore/health").status == 200
