"""The command as a process, and a vendor as a server."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from support.bodies import global_quote

KEY = "K3YTHATMUSTNOTSHOW"
COMMAND = (sys.executable, "-m", "stock_producer")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def poll_until(check: Callable[[], object], what: str, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


class Server(ThreadingHTTPServer):
    """Answers each GET with what `reply` says: status, headers, body."""

    daemon_threads = True

    def __init__(self) -> None:
        self.asked: list[dict[str, list[str]]] = []
        self.reply: tuple[int, dict[str, str], bytes] = (200, {}, global_quote("IBM"))
        self.release = threading.Event()
        self.release.set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(parse_qs(urlsplit(self.path).query))
                outer.release.wait(5)
                status, headers, body = outer.answer()
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

            def handle(self) -> None:
                with contextlib.suppress(ConnectionError):
                    super().handle()

        super().__init__(("127.0.0.1", 0), Handler)

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        return self.reply

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/query"


@contextmanager
def running(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        COMMAND, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def once(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (*COMMAND, *arguments), env=environment, capture_output=True, text=True, timeout=60, check=False
    )
