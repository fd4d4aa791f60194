"""One link's proxy: it cuts, delays and refuses on request, and some know what passes."""

from __future__ import annotations

import asyncio
import time
import urllib.parse
from asyncio import StreamReader, StreamWriter
from typing import Any, NamedTuple
from weakref import WeakSet

from chaos import answers
from chaos.fetches import Fetches, Withheld
from chaos.links import Link
from chaos.plan import Kind
from stock_testing.proxy import REQUEST, Proxy, See

WITHHELD_SECONDS = 0.2
STATUS = b"HTTP/1.1 "


class Mode(NamedTuple):
    """What a fault does to connections: CUT, DELAY (`delay` in seconds, each way) or ERRORS (`status`)."""

    kind: Kind
    delay: float = 0.0
    status: int = 503


class AnswerLost(ConnectionError):
    """The server's answer is not passed on. The line is cut instead."""


class Line(Proxy):
    """One link's proxy.

    A cut resets open connections at once. While it lasts, a new request still reaches the server.
    The client gets a reset instead of the answer, so it does not know what the server has done.
    """

    def __init__(self, link: Link, upstream: int) -> None:
        super().__init__(upstream)
        self._link = link
        self._modes: dict[int, Mode] = {}

    def begin(self, token: int, mode: Mode) -> None:
        self._modes[token] = mode
        if mode.kind is not Kind.DELAY:
            self.reset()

    def end(self, token: int) -> None:
        self._modes.pop(token, None)

    def _mode(self, kind: Kind) -> Mode | None:
        return next((mode for mode in self._modes.values() if mode.kind is kind), None)

    async def greet(self, reader: StreamReader, writer: StreamWriter) -> bytes | None:
        errors = self._mode(Kind.ERRORS)
        if errors is None:
            return b""
        async with asyncio.timeout(answers.READ_SECONDS):
            if self._link.server == "zookeeper":
                return await answers.session_expired(reader, writer)
            await answers.http(reader, writer, errors.status)
            return None

    async def up(self, data: bytes) -> None:
        if delay := self._mode(Kind.DELAY):
            await asyncio.sleep(delay.delay)

    async def down(self, data: bytes) -> None:
        await self.up(data)
        if self._mode(Kind.CUT):
            raise AnswerLost


class KafkaLine(Line):
    """A line to a broker, which can withhold one partition's records on the connections that are open."""

    def __init__(self, link: Link, upstream: int) -> None:
        super().__init__(link, upstream)
        self._connections: WeakSet[Fetches] = WeakSet()

    def connected(self) -> tuple[See, See]:
        fetches = Fetches()
        self._connections.add(fetches)

        async def up(data: bytes) -> None:
            await self.up(data)
            fetches.asked(data)

        async def down(data: bytes) -> bytes:
            await self.down(data)
            before, passed = fetches.count, fetches.answered(data)
            if fetches.count > before:
                # The client asks again at once.
                await asyncio.sleep(WITHHELD_SECONDS)
            return passed

        return up, down

    def withhold(self, what: Withheld) -> None:
        for each in self._connections:
            each.withheld, each.count = what, 0

    async def withholds(self) -> bool:
        """Whether something is withheld on a connection that is still open."""
        return any(each.count for each in self._connections)

    def release(self) -> None:
        for each in self._connections:
            each.withheld, each.count = None, 0


class StoreLine(Line):
    """A line to S3 that notes every PUT, with the answer that the server gave."""

    def __init__(self, link: Link, upstream: int) -> None:
        super().__init__(link, upstream)
        self.puts: list[dict[str, Any]] = []
        """Events of history.py. The status stays null where the connection ended before an answer."""

    def connected(self) -> tuple[See, See]:
        open_put: list[dict[str, Any]] = []

        async def up(data: bytes) -> None:
            await self.up(data)
            if head := REQUEST.match(data):
                open_put[:] = [self._begun(head[2].decode())] if head[1] == b"PUT" else []

        async def down(data: bytes) -> None:
            if open_put and data.startswith(STATUS) and (status := int(data[len(STATUS) :][:3])) >= 200:
                open_put.pop().update(status=status, ended=time.time())
            await self.down(data)

        return up, down

    def _begun(self, target: str) -> dict[str, Any]:
        key = urllib.parse.unquote(target.partition("?")[0]).lstrip("/").partition("/")[2]
        event = {"event": "put", "key": key, "client": self._link.client, "begun": time.time()}
        self.puts.append(event | {"ended": None, "status": None})
        return self.puts[-1]
