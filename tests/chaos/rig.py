"""The stack under fire: the real one of local/stack, twice the sink and the loader, a proxy on every link."""

from __future__ import annotations

import itertools
import string
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from chaos.client_orders import ClientOrders
from chaos.links import BROKERS, LINKS, broker, environment, upstream
from chaos.proxy import Proxies
from stock_stack.component import Component
from stock_stack.layout import Layout
from stock_stack.ports import free
from stock_stack.services import INFRASTRUCTURE, component
from stock_stack.stack import Stack

SYMBOLS = tuple(
    f"Q{first}{second}"
    for first, second in itertools.product(string.ascii_uppercase[:12], string.ascii_uppercase[:25])
)
"""300 symbols a second, in three calls."""
SETTINGS = {
    "SYMBOLS": ",".join(SYMBOLS),
    "POLL_INTERVAL_SECONDS": "1",
    "FLUSH_SECONDS": "3",
    "LOAD_INTERVAL_SECONDS": "5",
    "AUDIT_INTERVAL_SECONDS": "10",
}
"""Short, so that there is always something between two side effects when a fault comes."""


class Rig:
    """Starts and stops everything, from the main thread (see stock_stack.parent_death).

    secure: services sign in to Kafka over TLS, each with its own rights, and to Snowflake by keys.
    """

    def __init__(
        self, data: Path, report: Callable[[str], None] = lambda line: None, secure: bool = False
    ) -> None:
        ports = free()
        self.proxies = Proxies(secure)
        # Nobody can look into what passes to a broker over TLS.
        self._listening = self.proxies.open({link: upstream(link, ports) for link in LINKS})
        brokers = tuple(broker(name, self._listening, ports, secure) for name in BROKERS)
        self.layout = Layout(data, ports, SETTINGS, brokers, secure)
        self.orders = ClientOrders(data / "client-orders")
        self.stack = Stack(self.layout, report, self._find)
        self.parts: list[str] = []

    def start(self) -> None:
        """Brings all up; returns when all is ready. Raises stock_stack.stack.ComponentFailed."""
        self.stack.start(*INFRASTRUCTURE, *BROKERS[1:], "producer", "s3-sink", "sf-loader", "auditor")
        self.stack.start("s3-sink", "sf-loader", instance=2)
        self.parts = self.stack.running()

    def _find(self, layout: Layout, name: str, instance: int) -> Component:
        part = component(layout, name, instance)
        # The producer logs its delivery reports, which are the measure of all, at this level.
        more = {"LOG_LEVEL": "DEBUG"} if name == "producer" else {}
        more = self.orders.environment if name == "s3-sink" else more
        return replace(
            part, environment={**part.environment, **environment(part.name, self._listening), **more}
        )

    def __enter__(self) -> Rig:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stack.close()
        finally:
            self.proxies.close()
