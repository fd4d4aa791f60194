"""The metrics port: /metrics, /healthz (the loop makes progress) and /readyz (dependencies were reached)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from stock_common import process
from stock_common.deadline import Monotonic

STALLED_SECONDS = 60.0
"""A loop without progress for so long counts as stalled, where the service names no other bound."""


class Health:
    """Liveness is progress: a loop that has not called `beat` for `stalled_after` seconds has stalled.

    `dependencies` are what the service must have reached once to be ready. What else a service can notice
    about its progress, it adds by `watch`, and about its readiness by `require`.
    """

    def __init__(
        self,
        dependencies: Iterable[str] = (),
        stalled_after: float = STALLED_SECONDS,
        clock: Monotonic = time.monotonic,
    ) -> None:
        self._clock = clock
        self._stalled_after = stalled_after
        self._beat_at = clock()
        self._missing = set(dependencies)
        self._failed: str | None = None
        self._watches: list[Callable[[], str | None]] = []
        self._requirements: list[Callable[[], str | None]] = []
        self._lock = threading.Lock()

    def beat(self) -> None:
        """The loop has made progress."""
        self._beat_at = self._clock()

    def reached(self, dependency: str) -> None:
        """The dependency has answered once. When all have, the service is ready."""
        with self._lock:
            self._missing.discard(dependency)

    def failed(self, reason: str) -> None:
        """The service cannot become healthy again in this process: a thread of it has died, say."""
        self._failed = self._failed or reason

    def watch(self, fault: Callable[[], str | None]) -> None:
        """Asks `fault` at each look for a sentence on what makes no progress, None when all is well.

        It is called from other threads, and must not wait.
        """
        self._watches.append(fault)

    def require(self, fault: Callable[[], str | None]) -> None:
        """Asks `fault` at each look for a sentence on why the service is not ready, None when all is well.

        It is called from other threads, and must not wait.
        """
        self._requirements.append(fault)

    def silent(self) -> float:
        """Seconds since the last progress of the loop."""
        return self._clock() - self._beat_at

    def fault(self) -> str | None:
        """Why the service is not healthy, or None."""
        silent = self.silent()
        faults = [
            self._failed,
            f"no progress for {silent:.0f} s" if silent > self._stalled_after else None,
            *(watch() for watch in self._watches),
        ]
        return "; ".join(filter(None, faults)) or None

    def waiting_for(self) -> str | None:
        """The dependencies that have not answered yet, or None."""
        with self._lock:
            return ", ".join(sorted(self._missing)) or None

    def not_ready(self) -> str | None:
        """Why the service is not ready, or None."""
        waiting = self.waiting_for()
        faults = [waiting and f"waiting for {waiting}", *(fault() for fault in self._requirements)]
        return "; ".join(filter(None, faults)) or None


class MetricsServer:
    """Serves a registry and a Health on `host:port`, from its own thread. Raises OSError for a taken port."""

    def __init__(self, host: str, port: int, registry: CollectorRegistry, health: Health) -> None:
        process.register(registry)
        Gauge("stock_heartbeat_healthy", "1 while the loop makes progress.", registry=registry).set_function(
            lambda: float(health.fault() is None)
        )

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                match self.path.partition("?")[0]:
                    case "/metrics":
                        self._answer(200, CONTENT_TYPE_LATEST, generate_latest(registry))
                    case "/healthz":
                        self._state(health.fault())
                    case "/readyz":
                        self._state(health.not_ready())
                    case _:
                        self._answer(404, "text/plain", b"not found\n")

            def _state(self, fault: str | None) -> None:
                self._answer(
                    503 if fault else 200, "text/plain; charset=utf-8", f"{fault or 'ok'}\n".encode()
                )

            def _answer(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Logs nothing: a scrape comes every few seconds."""

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
