"""A loopback proxy that lets so many bytes a second through to a server, all connections together. Answers come back at full speed."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

PIECE = 16 * 1024
"""Small against a second's bytes, so that connections share the rate evenly."""


class Throttle:
    """Listens on a free port of 127.0.0.1 until closed. `rate` in bytes a second."""

    def __init__(self, target: tuple[str, int], rate: float) -> None:
        self._target, self._rate = target, rate
        self._free_at, self._lock = time.monotonic(), threading.Lock()
        self._listener = socket.socket()
        # A large buffer here would take megabytes at once and hide the rate from the sender.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2 * PIECE)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(64)
        self.passed = 0
        threading.Thread(target=self._accept, name="throttle", daemon=True).start()

    @property
    def port(self) -> int:
        return self._listener.getsockname()[1]

    def close(self) -> None:
        """Takes no more connections; those that are open end with their client."""
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                server = socket.create_connection(self._target, 10)
                for source, sink, paced in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self._forward, args=(source, sink, paced), name="throttle", daemon=True).start()

    def _forward(self, source: socket.socket, sink: socket.socket, paced: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(PIECE):
                if paced:
                    self._wait_for(len(piece))
                sink.sendall(piece)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _wait_for(self, size: int) -> None:
        with self._lock:
            self.passed += size
            self._free_at = max(self._free_at, time.monotonic()) + size / self._rate
            pause = self._free_at - time.monotonic()
        time.sleep(max(0.0, pause))
