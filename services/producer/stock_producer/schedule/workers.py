"""Calls on a few threads, so that their latency does not bound their rate. Answers come back on a queue."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue

from stock_common.deadline import Deadline
from stock_producer.vendor.base import Answer, Limits, Request

MOST_WORKERS = 32
LATENCY_SECONDS = 2.0
"""Enough threads to keep up the plan's rate while each call takes this long."""


def workers(limits: Limits) -> int:
    """How many calls may be under way at once."""
    rates = [limits.second or float("inf"), (limits.minute or float("inf")) / 60]
    return int(min(MOST_WORKERS, max(2, min(rates) * LATENCY_SECONDS)))


class Fetcher:
    """Runs `fetch` on `count` threads. Used from one thread."""

    def __init__(self, fetch: Callable[[Request], Answer], count: int) -> None:
        self._fetch = fetch
        self._count = count
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="fetch")
        self._done: SimpleQueue[Future[Answer]] = SimpleQueue()
        self.under_way = 0

    @property
    def free(self) -> bool:
        return self.under_way < self._count

    def send(self, request: Request) -> None:
        """Starts a call. Its answer comes out of `answers`."""
        self.under_way += 1
        self._pool.submit(self._fetch, request).add_done_callback(self._done.put)

    def answers(self, seconds: float) -> list[Answer]:
        """The answers that have come in. It waits up to `seconds` for the first.

        It raises what `fetch` raised, which is a fault of the program.
        """
        found: list[Answer] = []
        try:
            future = self._done.get(timeout=seconds) if seconds > 0 else self._done.get_nowait()
            while True:
                self.under_way -= 1
                found.append(future.result(0))
                future = self._done.get_nowait()
        except Empty:
            return found

    def close(self, deadline: Deadline) -> list[Answer]:
        """Starts nothing more. Returns the answers that come in before the deadline."""
        found: list[Answer] = []
        while self.under_way and not deadline.passed:
            found += self.answers(deadline.remaining())
        self._pool.shutdown(wait=False, cancel_futures=True)
        return found
