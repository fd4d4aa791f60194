"""The command as a process: it waits for S3 and Kafka, logs that, and stops on SIGTERM.

A fault ends it at once.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

LISTED = b"<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>"
REFUSED = b"<Error><Code>AccessDenied</Code></Error>"
MISSING = b"<Error><Code>NoSuchBucket</Code></Error>"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def poll_until(check: Callable[[], object], what: str, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


class Process:
    """A sink, its log lines as they come, and its port."""

    def __init__(self, s3_port: int) -> None:
        self.port, self.events = free_port(), []
        environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ},
            "S3_BUCKET": "stocks",
            "S3_ENDPOINT_URL": f"http://127.0.0.1:{s3_port}",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}",
            "METRICS_PORT": str(self.port),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "stock_s3_sink"], env=environment, stdout=subprocess.PIPE, text=True
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        self.events.extend(json.loads(line) for line in self.process.stdout)

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait(10)
        self._reader.join(5)

    def answer(self, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode().strip()
        except OSError:
            return 0, ""
        finally:
            connection.close()

    def ended(self) -> list[dict[str, Any]]:
        """The log, once the process has ended."""
        self.process.wait(60)
        self._reader.join(5)
        return self.events


@contextmanager
def s3_server(status: int, body: bytes) -> Iterator[int]:
    """An S3 that gives every request the same answer; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join(5)


def logged(events: list[dict[str, Any]], event: str) -> list[dict[str, Any]]:
    return [each for each in events if each["event"] == event]


def test_without_s3_it_waits_not_ready_logs_that_once_and_stops_on_sigterm() -> None:
    with Process(free_port()) as sink:
        poll_until(lambda: sink.answer("/readyz") == (503, "waiting for kafka, s3"), "not ready")
        time.sleep(3)
        assert sink.answer("/healthz")[0] == 200
        sink.process.send_signal(signal.SIGTERM)
        events = sink.ended()
    assert sink.process.returncode == 0
    assert [each["dependency"] for each in logged(events, "waiting")] == ["s3"]


def test_without_kafka_it_waits_too() -> None:
    with s3_server(200, LISTED) as port, Process(port) as sink:
        poll_until(lambda: sink.answer("/readyz") == (503, "waiting for kafka"), "S3 reached")
        time.sleep(1)
        assert sink.process.poll() is None


@pytest.mark.parametrize(
    ("status", "body", "advice"),
    [
        pytest.param(403, REFUSED, "grant s3:ListBucket", id="refused"),
        pytest.param(404, MISSING, "create it or correct S3_BUCKET", id="no such bucket"),
    ],
)
def test_a_fault_that_only_an_operator_can_fix_ends_it_at_once(status: int, body: bytes, advice: str) -> None:
    with s3_server(status, body) as port, Process(port) as sink:
        events = sink.ended()
    assert sink.process.returncode == 1
    assert advice in logged(events, "cannot start")[0]["reason"]
