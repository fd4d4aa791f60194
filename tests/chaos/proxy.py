"""TCP proxies between the parts, which cut, delay and refuse on request. All of them in one thread with an event loop."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from chaos import answers
from chaos.links import Link
from chaos.plan import Kind
from stock_stack.ports import HOST

CHUNK = 64 * 1024
CALL_SECONDS = 10.0


class Mode(NamedTuple):
    """What a fault does to connections: Kind.CUT, DELAY (`delay` in seconds, each way) or ERRORS (`status`)."""

    kind: Kind
    delay: float = 0.0
    status: int = 503


class AnswerLost(ConnectionError):
    """The server's answer is not handed on: the line is cut instead."""


class Line:
    """One link's listening socket and open connections. Used inside the loop only.

    A cut resets what is open at once; while it lasts, what connects anew gets its request through and is reset instead of answered:
    the server has done what the client does not know of.
    """

    def __init__(self, link: Link, upstream: int) -> None:
        self._link = link
        self._upstream = upstream
        self._modes: dict[int, Mode] = {}
        self._open: set[StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.server: asyncio.Server | None = None

    async def listen(self) -> int:
        self.server = await asyncio.start_server(self._accept, HOST, 0)
        return self.server.sockets[0].getsockname()[1]

    def begin(self, token: int, mode: Mode) -> None:
        self._modes[token] = mode
        if mode.kind is not Kind.DELAY:
            self.reset()

    def end(self, token: int) -> None:
        self._modes.pop(token, None)

    def reset(self) -> None:
        for writer in self._open:
            _reset(writer)

    async def close(self) -> None:
        if self.server:
            self.server.close()
        self.reset()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _mode(self, kind: Kind) -> Mode | None:
        return next((mode for mode in self._modes.values() if mode.kind is kind), None)

    async def _accept(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._open.add(writer)
        try:
            await self._serve(reader, writer)
        except (OSError, EOFError, asyncio.LimitOverrunError, TimeoutError):
            _reset(writer)
        finally:
            self._open.discard(writer)
            writer.close()

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        first = b""
        if errors := self._mode(Kind.ERRORS):
            async with asyncio.timeout(answers.READ_SECONDS):
                if self._link.server != "zookeeper":
                    await answers.http(reader, writer, errors.status)
                    return
                new = await answers.session_expired(reader, writer)
            if new is None:
                return
            first = new
        answer, ask = await asyncio.open_connection(HOST, self._upstream)
        self._open.add(ask)
        try:
            ask.write(first)
            pumps = [asyncio.ensure_future(self._pump(reader, ask)), asyncio.ensure_future(self._pump(answer, writer, answers=True))]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pumps:
                pump.cancel()
            for result in await asyncio.gather(*pumps, return_exceptions=True):
                if isinstance(result, OSError):
                    raise result
        finally:
            self._open.discard(ask)
            ask.close()

    async def _pump(self, source: StreamReader, sink: StreamWriter, *, answers: bool = False) -> None:
        while data := await source.read(CHUNK):
            if delay := self._mode(Kind.DELAY):
                await asyncio.sleep(delay.delay)
            if answers and self._mode(Kind.CUT):
                raise AnswerLost
            sink.write(data)
            await sink.drain()


def _reset(writer: StreamWriter) -> None:
    """Ends a connection by RST, as a cut line looks to either side."""
    found = writer.get_extra_info("socket")
    if found is not None and found.fileno() >= 0:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Proxies:
    """Every link's proxy, in a thread; `listening` has their ports. Faults of a token last until `end` of the same token."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxies", daemon=True)
        self._lines: dict[Link, Line] = {}

    def open(self, upstreams: Mapping[Link, int]) -> dict[Link, int]:
        """Listens for each link; its server's port → the proxy's."""
        self._thread.start()
        self._lines = {link: Line(link, port) for link, port in upstreams.items()}

        async def listen() -> dict[Link, int]:
            return {link: await line.listen() for link, line in self._lines.items()}

        return asyncio.run_coroutine_threadsafe(listen(), self._loop).result(CALL_SECONDS)

    def begin(self, token: int, links: Iterable[Link], mode: Mode) -> None:
        for link in links:
            self._loop.call_soon_threadsafe(self._lines[link].begin, token, mode)

    def end(self, token: int) -> None:
        for line in self._lines.values():
            self._loop.call_soon_threadsafe(line.end, token)

    def close(self) -> None:
        async def close() -> None:
            for line in self._lines.values():
                await line.close()

        asyncio.run_coroutine_threadsafe(close(), self._loop).result(CALL_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CALL_SECONDS)
        self._loop.close()
