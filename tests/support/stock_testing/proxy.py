"""TCP proxies on loopback, for tests and benchmarks: they count, slow down or break what passes.

Example: `with closing(Running(Throttle(port, 1_000_000))) as slow:` makes a slow server of a fast one.
"""

from __future__ import annotations

import asyncio
import random
import re
import socket
import struct
import threading
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Generic, NamedTuple, TypeVar

from stock_stack.ports import HOST

CHUNK = 64 * 1024
PIECE = 16 * 1024
"""What a throttle passes on at once. It is small, so that connections share the rate evenly."""
CALL_SECONDS = 30.0
REQUEST = re.compile(rb"^(GET|HEAD|PUT|POST|DELETE) (\S+) HTTP/1\.1\r\n")
"""A client begins a write with a request's head. The body follows in the same write or in others."""
See = Callable[[bytes], Awaitable[bytes | None]]


class Proxy:
    """Passes connections on to a server's port, unchanged. Lives inside one event loop.

    A subclass overrides `greet`, `up` and `down`, or `connected` where it must know the connection.
    An OSError in one of them resets the client's connection.
    """

    receive_buffer = 0
    """Bytes, 0: the system's choice."""

    def __init__(self, upstream: int, chunk: int = CHUNK) -> None:
        self._upstream = upstream
        self._chunk = chunk
        self._open: set[StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def greet(self, reader: StreamReader, writer: StreamWriter) -> bytes | None:
        """Handles a new client. Returns the bytes that the server gets first, None to end the connection."""
        return b""

    async def up(self, data: bytes) -> None:
        """Sees what the client sent, before the server gets it."""

    async def down(self, data: bytes) -> None:
        """Sees what the server sent, before the client gets it."""

    def connected(self) -> tuple[See, See]:
        """What sees the bytes of a new connection, up and down. What it returns is passed on instead."""
        return self.up, self.down

    async def listen(self) -> int:
        """Starts. Returns the proxy's port."""
        listener = socket.socket()
        if self.receive_buffer:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_buffer)
        listener.bind((HOST, 0))
        self._server = await asyncio.start_server(self._accept, sock=listener, limit=self._chunk)
        return listener.getsockname()[1]

    def reset(self) -> None:
        """Ends every open connection by RST."""
        for writer in self._open:
            reset(writer)

    async def close(self) -> None:
        if self._server:
            self._server.close()
        self.reset()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._open.add(writer)
        try:
            first = await self.greet(reader, writer)
            if first is not None:
                await self._relay(reader, writer, first)
        except (OSError, EOFError, asyncio.LimitOverrunError, TimeoutError):
            reset(writer)
        finally:
            self._open.discard(writer)
            writer.close()

    async def _relay(self, reader: StreamReader, writer: StreamWriter, first: bytes) -> None:
        """Passes bytes on in both directions until one side ends."""
        answer, ask = await asyncio.open_connection(HOST, self._upstream)
        self._open.add(ask)
        try:
            ask.write(first)
            up, down = self.connected()
            pumps = [
                asyncio.ensure_future(self._pump(reader, ask, up)),
                asyncio.ensure_future(self._pump(answer, writer, down)),
            ]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
            for result in await asyncio.gather(*pumps, return_exceptions=True):
                if isinstance(result, OSError):
                    raise result
        finally:
            self._open.discard(ask)
            ask.close()

    async def _pump(self, source: StreamReader, sink: StreamWriter, see: See) -> None:
        while data := await source.read(self._chunk):
            changed = await see(data)
            sink.write(data if changed is None else changed)
            await sink.drain()


def reset(writer: StreamWriter) -> None:
    """Ends a connection by RST, as a cut line looks to either side."""
    found = writer.get_extra_info("socket")
    if found is not None and found.fileno() >= 0:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Request(NamedTuple):
    """`at` is monotonic seconds."""

    at: float
    verb: str
    target: str


class Counter(Proxy):
    """Notes HTTP requests and counts bytes. It changes nothing: signatures and hosts stay as they were."""

    def __init__(self, upstream: int) -> None:
        super().__init__(upstream)
        self.requests: list[Request] = []
        self.bytes_up = self.bytes_down = 0

    async def up(self, data: bytes) -> None:
        self.bytes_up += len(data)
        if head := REQUEST.match(data):
            self.requests.append(Request(time.monotonic(), head[1].decode(), head[2].decode()))

    async def down(self, data: bytes) -> None:
        self.bytes_down += len(data)


class Throttle(Proxy):
    """Passes `rate` bytes a second to the server, over all connections. Answers are not slowed down."""

    receive_buffer = 2 * PIECE
    """A large one would take megabytes at once and hide the rate from the sender."""

    def __init__(self, upstream: int, rate: float) -> None:
        super().__init__(upstream, PIECE)
        self._rate = rate
        self._free_at = time.monotonic()
        self.passed = 0

    async def up(self, data: bytes) -> None:
        self.passed += len(data)
        self._free_at = max(self._free_at, time.monotonic()) + len(data) / self._rate
        await asyncio.sleep(max(0.0, self._free_at - time.monotonic()))


class Distance(Proxy):
    """Holds each HTTP request back for a time from `least` to `most` seconds, as a server far away does."""

    def __init__(self, upstream: int, least: float, most: float, seed: int = 0) -> None:
        super().__init__(upstream)
        self._least, self._most, self._random = least, most, random.Random(seed)
        self.requests = 0

    async def up(self, data: bytes) -> None:
        if REQUEST.match(data):
            self.requests += 1
            await asyncio.sleep(self._random.uniform(self._least, self._most))


class Loop:
    """An event loop in a thread, for the proxies of synchronous code."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxies", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """The result of the coroutine. Raises TimeoutError after CALL_SECONDS."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(CALL_SECONDS)

    def soon(self, call: Callable[..., object], *arguments: object) -> None:
        """Calls a function inside the loop, and does not wait for it."""
        self._loop.call_soon_threadsafe(call, *arguments)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CALL_SECONDS)
        self._loop.close()


P = TypeVar("P", bound=Proxy)


class Running(Generic[P]):
    """A proxy that runs in a thread until it is closed. What it has counted is read from `proxy`."""

    def __init__(self, proxy: P) -> None:
        self.proxy = proxy
        self._loop = Loop()
        self.port: int = self._loop.run(proxy.listen())

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def close(self) -> None:
        self._loop.run(self.proxy.close())
        self._loop.close()
