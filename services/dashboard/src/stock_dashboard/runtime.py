"""What all viewers share, made once by the process: the live store, the history, the metrics.

The pages' script runs anew for every refresh of every tab, so it makes nothing itself: it asks here. (Streamlit's cache_resource would do the
same from the first viewer on; made at the start, the first viewer finds the tape full.)
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from stock_common.deadline import Deadline
from stock_dashboard.groups import Groups
from stock_dashboard.history import History, Picture
from stock_dashboard.metrics import PageMetrics, Viewers
from stock_dashboard.pipeline import SIMULATED
from stock_dashboard.queries import LATEST, Query
from stock_dashboard.store import LiveStore

FIRST_PAINT_SECONDS = 2.0
"""A page that is opened waits this long for its first picture, so that it is painted once and whole."""
PARTIAL_PAINT_SECONDS = 0.3
"""The same where the live topic already gives something to draw."""


def utc_now() -> datetime:
    return datetime.now(UTC)


class Runtime(NamedTuple):
    """`now`: the wall clock, aware. `signs_in`: a viewer has to sign in, as one of `allowed` (see signin.admits)."""

    store: LiveStore
    history: History
    viewers: Viewers
    pages: PageMetrics
    now: Callable[[], datetime] = utc_now
    groups: Groups = ()
    signs_in: bool = False
    allowed: tuple[str, ...] = ()

    def picture(self, query: Query, *, acted: bool, wait: float = FIRST_PAINT_SECONDS) -> Picture:
        """A picture from the history, of the newest load. `acted`: the page is being opened, and waits for its first paint."""
        picture = self.history.read(query, self._generation(), acted=acted, wait=wait if acted else 0.0)
        if query.view == LATEST and picture.table is not None:
            self.store.stored_simulated = SIMULATED in picture.table.column("source").to_pylist()
        return picture

    def pictures(self, queries: Sequence[Query], *, acted: bool, wait: float = FIRST_PAINT_SECONDS) -> list[Picture]:
        """Several pictures, asked for side by side; the first paint waits `wait` seconds for all of them together."""
        generation, deadline = self._generation(), Deadline(wait)
        found = [self.history.read(query, generation, acted=acted) for query in queries]
        if not acted:
            return found
        return [
            self.history.read(query, generation, wait=deadline.remaining()) if picture.pending and picture.table is None else picture
            for query, picture in zip(queries, found, strict=True)
        ]

    def _generation(self) -> Hashable:
        loader = self.store.loader()
        return (loader.loaded_at, loader.loads) if loader and loader.loads else None


_current: list[Runtime] = []


def install(runtime: Runtime) -> None:
    """Makes `runtime` the process's own, in place of a former one."""
    _current[:] = [runtime]


def current() -> Runtime:
    """The process's runtime. Raises IndexError before `install`: the script was started without its command."""
    return _current[0]
