"""One query of the cache: its last result, and the state of its next one."""

from __future__ import annotations

import threading
from collections.abc import Hashable

import pyarrow as pa

from stock_common import retry
from stock_dashboard.history.faults import Fault

AGAIN = retry.Policy(first=5.0, longest=60.0)
"""When a query that failed is due again. A page asks for it: no thread waits."""


class Entry:
    """One query: its last result, and the state of its next one."""

    def __init__(self) -> None:
        self.table: pa.Table | None = None
        self.read_at = 0.0
        self.generation: Hashable = None
        self.pending = False
        self.asked_at = 0.0
        self.fault: Fault | None = None
        self.failures = 0
        self.failed_at = 0.0
        self.done = threading.Condition()

    def age(self, now: float) -> float | None:
        return None if self.table is None else now - self.read_at

    def retry_due(self, now: float) -> bool:
        return now - self.failed_at >= AGAIN.pause(self.failures)

    def succeeded(self, table: pa.Table, generation: Hashable, now: float) -> None:
        with self.done:
            self.table, self.read_at, self.generation = table, now, generation
            self.fault, self.failures, self.pending = None, 0, False
            self.done.notify_all()

    def failed(self, fault: Fault, now: float) -> None:
        with self.done:
            self.fault, self.failed_at, self.pending = fault, now, False
            self.failures += 1
            self.done.notify_all()
