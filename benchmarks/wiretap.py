"""A relay on loopback that counts the HTTP requests going through it, by verb. It changes nothing: signatures and hosts stay as they were."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from typing import NamedTuple

from stock_stack.ports import HOST

REQUEST = re.compile(rb"^(GET|HEAD|PUT|POST|DELETE) (\S+) HTTP/1\.1\r\n")
"""A client writes a request's head at the start of a write; bodies follow it or come in writes of their own."""
CHUNK = 1 << 16


class Request(NamedTuple):
    """`at` is monotonic seconds."""

    at: float
    verb: str
    target: str


class Wiretap:
    """Relays 127.0.0.1:`port` to 127.0.0.1:`upstream` in a thread of its own; `requests` grows while it runs."""

    def __init__(self, upstream: int) -> None:
        self.requests: list[Request] = []
        self.bytes_up = self.bytes_down = 0
        self._upstream = upstream
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait(10)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def _run(self, ready: threading.Event) -> None:
        server = self._loop.run_until_complete(asyncio.start_server(self._relay, HOST, 0))
        self.port: int = server.sockets[0].getsockname()[1]
        ready.set()
        self._loop.run_forever()
        server.close()
        self._loop.run_until_complete(self._end())
        self._loop.close()

    async def _end(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            up_reader, up_writer = await asyncio.open_connection(HOST, self._upstream)
        except OSError:
            writer.close()
            return
        await asyncio.gather(self._pump(reader, up_writer, up=True), self._pump(up_reader, writer, up=False))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, up: bool) -> None:
        try:
            while data := await reader.read(CHUNK):
                if up:
                    self.bytes_up += len(data)
                    if head := REQUEST.match(data):
                        self.requests.append(Request(time.monotonic(), head[1].decode(), head[2].decode()))
                else:
                    self.bytes_down += len(data)
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
