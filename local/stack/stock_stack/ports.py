"""Which port each part of a stack listens on, all on 127.0.0.1.

Free ports come in blocks. A block lies below the range that the system gives to outgoing connections, so that
no connection can take a port between the choice and the bind. The process that chooses a block listens on its
first port while it runs, which reserves the block.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping

from stock_stack.registry import services

HOST = "127.0.0.1"

PUBLIC = {
    "zookeeper": 2181,
    "kafka": 9092,
    "s3": 8333,
    "snowflake": 8090,
    "market": 8091,
    **{service.name: service.page_port for service in services().values() if service.page_port},
    **{f"{service.name}-metrics": service.metrics_port for service in services().values()},
}
"""Part → default port of the demo."""
FIRST, LAST, BLOCK = 20_000, 31_600, 64


class PortUnusable(Exception):
    """A port in the settings is invalid or in use. The text says which, and how to choose another."""


def variable(part: str) -> str:
    """The environment variable that moves a part's port."""
    return f"STOCK_{part.upper().replace('-', '_')}_PORT"


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


class Ports:
    """Part → port. A part without a chosen port gets the next free one of the block, and keeps it."""

    def __init__(self, chosen: Mapping[str, int]) -> None:
        self._chosen = dict(chosen)
        self._reservation, self._block = _reserve()

    def __getitem__(self, part: str) -> int:
        if part not in self._chosen:
            self._chosen[part] = next(
                port for port in self._block if port not in self._chosen.values() and is_free(port)
            )
        return self._chosen[part]

    def release(self) -> None:
        self._reservation.close()


def free() -> Ports:
    """Ports that nobody uses, for one stack among several."""
    return Ports({})


def default(environment: Mapping[str, str]) -> Ports:
    """The demo's ports, as overridden by STOCK_<PART>_PORT.

    Raises PortUnusable, which lists every value that is no port, or else every port in use.
    """
    chosen, bad = {}, []
    for part, port in PUBLIC.items():
        value = environment.get(variable(part), "").strip() or str(port)
        if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 65535:
            bad.append(f"{variable(part)} is no port")
        else:
            chosen[part] = int(value)
    if bad:
        raise PortUnusable(f"{', '.join(bad)}: give a number from 1 to 65535.")
    taken = [f"{port} ({part}, {variable(part)})" for part, port in chosen.items() if not is_free(port)]
    if taken:
        raise PortUnusable(
            f"Ports in use by another program: {', '.join(taken)}. "
            "Free them, or set the variables named to other ports."
        )
    return Ports(chosen)


def _reserve() -> tuple[socket.socket, Iterator[int]]:
    for start in range(FIRST, LAST, BLOCK):
        holder = socket.socket()
        try:
            holder.bind((HOST, start))
            holder.listen(1)
        except OSError:
            holder.close()
            continue
        return holder, iter(range(start + 1, start + BLOCK))
    raise PortUnusable(f"Every block of ports from {FIRST} to {LAST} is held by another stack.")
