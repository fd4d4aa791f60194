"""The stack under fire: the real one of local/stack, twice the sink and the loader, a proxy on every link."""

from __future__ import annotations

import itertools
import string
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from chaos.links import LINKS, broker, environment, upstream
from chaos.proxy import Proxies
from stock_stack.component import Component
from stock_stack.ports import free
from stock_stack.services import INFRASTRUCTURE, component
from stock_stack.site import Site
from stock_stack.stack import Stack

SYMBOLS = tuple(f"Q{first}{second}" for first, second in itertools.product(string.ascii_uppercase[:12], string.ascii_uppercase[:25]))
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
    """Starts and stops everything. Everything but the proxies is started from the main thread (see stock_stack.leash)."""

    def __init__(self, data: Path, report: Callable[[str], None] = lambda line: None) -> None:
        ports = free()
        self.proxies = Proxies()
        self._listening = self.proxies.open({link: upstream(link, ports) for link in LINKS})
        self.site = Site(data, ports, SETTINGS, broker(self._listening, ports))
        self.stack = Stack(self.site, report, self._find)
        self.parts: list[str] = []

    def start(self) -> None:
        """Brings all up; returns when all is ready. Raises stock_stack.stack.ComponentFailed."""
        self.stack.start(*INFRASTRUCTURE, "producer", "s3-sink", "sf-loader", "auditor")
        self.stack.start("s3-sink", "sf-loader", instance=2)
        self.parts = self.stack.running()

    def _find(self, site: Site, name: str, instance: int) -> Component:
        part = component(site, name, instance)
        # The delivery reports, which are the measure of all, are told at this level.
        level = {"LOG_LEVEL": "DEBUG"} if name == "producer" else {}
        return replace(part, environment={**part.environment, **environment(part.name, self._listening), **level})

    def __enter__(self) -> Rig:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self.stack.close()
        finally:
            self.proxies.close()
