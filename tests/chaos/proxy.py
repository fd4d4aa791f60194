"""The proxies of the chaos suite: they cut, delay and refuse on request. One thread runs all of them."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from chaos import answers
from chaos.links import Link
from chaos.plan import Kind
from stock_testing.proxy import Loop, Proxy


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


class Proxies:
    """Every link's proxy. The faults of a token last until `end` of the same token."""

    def __init__(self) -> None:
        self._loop = Loop()
        self._lines: dict[Link, Line] = {}

    def open(self, upstreams: Mapping[Link, int]) -> dict[Link, int]:
        """Listens for each link, whose server's port is given. Returns the proxies' ports."""
        self._lines = {link: Line(link, port) for link, port in upstreams.items()}
        return {link: self._loop.run(line.listen()) for link, line in self._lines.items()}

    def begin(self, token: int, links: Iterable[Link], mode: Mode) -> None:
        for link in links:
            self._loop.soon(self._lines[link].begin, token, mode)

    def end(self, token: int) -> None:
        for line in self._lines.values():
            self._loop.soon(line.end, token)

    def close(self) -> None:
        for line in self._lines.values():
            self._loop.run(line.close())
        self._loop.close()
