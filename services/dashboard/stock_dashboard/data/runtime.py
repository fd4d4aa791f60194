"""What all viewers share: the live store, the history, the metrics. The process makes it once, at its start.

Streamlit runs the pages' script again for every refresh of every tab, so the script makes nothing itself.
Streamlit's cache_resource would make it for the first viewer. Made at the start, the store is full by then.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from stock_common.deadline import Deadline
from stock_dashboard.groups import Groups
from stock_dashboard.history.cache import History, Result
from stock_dashboard.history.queries import LATEST, Query
from stock_dashboard.live.store import SIMULATED, LiveStore
from stock_dashboard.metrics import PageMetrics, Viewers

FIRST_PAINT_SECONDS = 2.0
"""A page that is opened waits this long for its first result, so that it is painted once and whole."""
PARTIAL_PAINT_SECONDS = 0.3
"""The same where the live topic already gives something to draw."""


def utc_now() -> datetime:
    return datetime.now(UTC)


class Allowed(NamedTuple):
    """Who may enter, of those who sign in.

    names: addresses and @domains in lower case. Empty: everybody whom the provider lets in.
    trust_unverified: an address counts although the provider does not say that it is verified.
    """

    names: tuple[str, ...] = ()
    trust_unverified: bool = False


class Runtime(NamedTuple):
    """What a page draws from.

    now: the wall clock, aware.
    signs_in: a viewer has to sign in, as one of `allowed` (see signin.admits).
    session: names the tab whose script is running. Its budget pays for questions to the warehouse.
    """

    store: LiveStore
    history: History
    viewers: Viewers
    pages: PageMetrics
    now: Callable[[], datetime] = utc_now
    groups: Groups = ()
    signs_in: bool = False
    allowed: Allowed = Allowed()
    session: Callable[[], str | None] = lambda: None

    def result(self, query: Query, *, user_opened: bool, wait: float = FIRST_PAINT_SECONDS) -> Result:
        """A query's result as it is known. Blocks for up to `wait` seconds where a person opened the page."""
        wait = wait if user_opened else 0.0
        generation, viewer = self._generation(), self.session()
        result = self.history.read(query, generation, user_opened=user_opened, wait=wait, viewer=viewer)
        if query.view == LATEST and result.table is not None:
            self.store.stored_simulated = SIMULATED in result.table.column("source").to_pylist()
        return result

    def results(
        self, queries: Sequence[Query], *, user_opened: bool, wait: float = FIRST_PAINT_SECONDS
    ) -> list[Result]:
        """Several results, asked for at the same time. A page that is opened waits `wait` seconds for all."""
        generation, deadline, viewer = self._generation(), Deadline(wait), self.session()
        found = [
            self.history.read(query, generation, user_opened=user_opened, viewer=viewer) for query in queries
        ]
        if not user_opened:
            return found
        return [
            self.history.read(query, generation, wait=deadline.remaining(), viewer=viewer)
            if result.pending and result.table is None
            else result
            for query, result in zip(queries, found, strict=True)
        ]

    def _generation(self) -> Hashable:
        loader = self.store.loader()
        return (loader.loaded_at, loader.loads) if loader and loader.loads else None


_current: list[Runtime] = []


def install(runtime: Runtime) -> None:
    """Makes `runtime` the one of this process, in place of a former one."""
    _current[:] = [runtime]


def current() -> Runtime:
    """The runtime of this process. Raises IndexError before `install`."""
    return _current[0]
