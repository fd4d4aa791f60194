"""The proxies of the chaos suite. One thread runs all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from chaos.fetches import Withheld
from chaos.lines import KafkaLine, Line, Mode, StoreLine
from chaos.links import BROKERS, Link
from stock_testing.proxy import Loop

LINES: dict[str, type[Line]] = {"s3": StoreLine, **dict.fromkeys(BROKERS, KafkaLine)}


class Proxies:
    """Every link's proxy. The faults of a token last until `end` of the same token.

    encrypted: what passes to the brokers is not to be understood.
    """

    def __init__(self, encrypted: bool = False) -> None:
        self._loop = Loop()
        self._kinds: dict[str, type[Line]] = {"s3": StoreLine} if encrypted else LINES
        self._lines: dict[Link, Line] = {}

    def open(self, upstreams: Mapping[Link, int]) -> dict[Link, int]:
        """Listens for each link, whose server's port is given. Returns the proxies' ports."""
        self._lines = {
            link: self._kinds.get(link.server, Line)(link, port) for link, port in upstreams.items()
        }
        return {link: self._loop.run(line.listen()) for link, line in self._lines.items()}

    def begin(self, token: int, links: Iterable[Link], mode: Mode) -> None:
        for link in links:
            self._loop.soon(self._lines[link].begin, token, mode)

    def end(self, token: int) -> None:
        for line in self._lines.values():
            self._loop.soon(line.end, token)

    def withhold(self, clients: Iterable[str], what: Withheld) -> None:
        """The clients' connections of now deliver nothing of a partition, until they end."""
        for line in self._to_brokers(clients):
            self._loop.soon(line.withhold, what)

    def withholds(self, clients: Iterable[str]) -> bool:
        """Whether records of a partition are withheld from one of the clients."""
        return any(self._loop.run(line.withholds()) for line in self._to_brokers(clients))

    def release(self, clients: Iterable[str]) -> None:
        for line in self._to_brokers(clients):
            self._loop.soon(line.release)

    def puts(self) -> list[dict[str, Any]]:
        """Every PUT that a client has sent to S3, as events of history.py."""
        return [put for line in self._lines.values() if isinstance(line, StoreLine) for put in line.puts]

    def _to_brokers(self, clients: Iterable[str]) -> list[KafkaLine]:
        wanted = set(clients)
        lines = (line for link, line in self._lines.items() if link.client in wanted)
        return [line for line in lines if isinstance(line, KafkaLine)]

    def close(self) -> None:
        for line in self._lines.values():
            self._loop.run(line.close())
        self._loop.close()
