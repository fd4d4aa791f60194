"""Watches quotes on their way, from outside.

Kafka is read by a consumer, S3 by listing, Snowflake through a view, and the page in a browser.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from stock_common.keys import topic_prefix
from stock_common.records import Quote, decode
from stock_common.topics import QUOTES
from stock_stack.bucket import s3_client
from stock_stack.database import connect
from stock_stack.layout import BUCKET
from stock_stack.stack import Stack
from stock_testing.tab import Tab

POLL_SECONDS = 0.2
"""How often S3 and Snowflake are polled. Their times are late by this at most."""
ROUNDING = 1e-3
"""The page's times are whole milliseconds."""
VIEW = "SELECT SYMBOL, MAX(FETCHED_AT) AS FETCHED_AT FROM ANALYTICS.LATEST_QUOTES GROUP BY SYMBOL"
WATCH = """
() => {
  window.seen = [];
  const host = [...document.querySelectorAll("*")].find((part) => part.shadowRoot?.querySelector("tbody tr"));
  const note = (row) => window.seen.push([row.dataset.symbol, Number(row.dataset.at), Date.now() / 1000]);
  const afterPaint = (row) => requestAnimationFrame(() => setTimeout(() => note(row)));
  new MutationObserver((changes) => { for (const change of changes) afterPaint(change.target); })
    .observe(
      host.shadowRoot.querySelector("tbody"),
      { subtree: true, attributes: true, attributeFilter: ["data-at"] },
    );
}
"""
"""Notes each quote of the live table once it is painted: symbol, its time, now. In seconds since 1970."""


class Way:
    """One quote's times in seconds since 1970. None: not there yet.

    at: the quote's time on the page.
    """

    def __init__(
        self, symbol: str, partition: int, offset: int, at: float, fetched: float, kafka: float
    ) -> None:
        self.symbol, self.partition, self.offset = symbol, partition, offset
        self.at, self.fetched, self.kafka = at, fetched, kafka
        self.s3: float | None = None
        self.queryable: float | None = None
        self.page: float | None = None


class Marks:
    """How far a stage had come, and when.

    Each key (partition, symbol) has a mark (offset, time) that rises.
    """

    def __init__(self) -> None:
        self._marks: dict[Hashable, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))

    def add(self, key: Hashable, mark: float, at: float) -> None:
        marks, times = self._marks[key]
        if not marks or mark > marks[-1]:
            marks.append(mark)
            times.append(at)

    def reached(self, key: Hashable, mark: float) -> float | None:
        """When the stage had come so far, None: not yet."""
        marks, times = self._marks[key]
        place = bisect_left(marks, mark)
        return times[place] if place < len(times) else None


class Watch:
    """What every stage shows, and every quote since the start.

    `on_page` has the symbols that the page shows.
    """

    def __init__(self, stack: Stack) -> None:
        self.on_page: set[str] = set()
        self._ways: list[Way] = []
        self._s3_marks, self._view_marks, self._page_marks = Marks(), Marks(), Marks()
        self._stack = stack
        self._stop = threading.Event()
        self._faults: list[BaseException] = []

    @contextmanager
    def running(self) -> Iterator[Watch]:
        threads = [
            threading.Thread(target=self._guarded, args=(work,), daemon=True)
            for work in (self._kafka, self._s3, self._view)
        ]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(15)
        if self._faults:
            raise RuntimeError("a stage could not be watched") from self._faults[0]

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            self._faults.append(error)

    def _kafka(self) -> None:
        consumer = Consumer(
            {
                "bootstrap.servers": self._stack.layout.servers,
                "group.id": "latency",
                "enable.auto.commit": False,
            }
        )
        ends = [TopicPartition(QUOTES.name, number) for number in range(QUOTES.partitions)]
        consumer.assign(
            [
                TopicPartition(part.topic, part.partition, consumer.get_watermark_offsets(part, 10)[1])
                for part in ends
            ]
        )
        while not self._stop.is_set():
            for message in consumer.consume(500, POLL_SECONDS):
                if message.error() is None:
                    self._met(
                        decode(message.value() or b"", Quote),
                        message.partition() or 0,
                        message.offset() or 0,
                        message.timestamp()[1] / 1_000,
                    )
        consumer.close()

    def _met(self, quote: Quote, partition: int, offset: int, kafka: float) -> None:
        at = (quote.quoted_at or quote.fetched_at).timestamp()
        self._ways.append(Way(quote.symbol, partition, offset, at, quote.fetched_at.timestamp(), kafka))

    def _s3(self) -> None:
        client = s3_client(self._stack.environment("s3-sink"))
        seen: set[str] = set()
        while not self._stop.wait(POLL_SECONDS):
            fresh = [key for key in listed(client) if key not in seen]
            for key in fresh:
                last = int(client.head_object(Bucket=BUCKET, Key=key)["Metadata"]["last-offset"])
                self._s3_marks.add(int(key.split("partition=")[1][:5]), last, time.time())
            seen.update(fresh)

    def _view(self) -> None:
        with connect(self._stack.environment("sf-loader"), database="STOCKS") as made:
            while not self._stop.wait(POLL_SECONDS):
                rows = made.cursor().execute(VIEW).fetchall()
                at = time.time()
                for symbol, fetched in rows:
                    self._view_marks.add(symbol, fetched.astimezone(UTC).timestamp(), at)

    def page(self, one: Tab) -> None:
        """Reads what the browser has noted since the last call."""
        for symbol, at, shown in one.page.evaluate("window.seen.splice(0)"):
            self.on_page.add(symbol)
            self._page_marks.add(symbol, at, shown)

    def ways(self, begin: float, end: float) -> list[Way]:
        """Every quote that was fetched in that time.

        It has reached the view or the page once what is there is it, or a newer one of its symbol.
        """
        found = [way for way in self._ways if begin <= way.fetched < end]
        for way in found:
            way.s3 = self._s3_marks.reached(way.partition, way.offset)
            way.queryable = self._view_marks.reached(way.symbol, way.fetched - ROUNDING)
            way.page = self._page_marks.reached(way.symbol, way.at - ROUNDING)
        return found


def now() -> float:
    return datetime.now(UTC).timestamp()


def listed(client: Any) -> Iterator[str]:
    for page in client.get_paginator("list_objects_v2").paginate(
        Bucket=BUCKET, Prefix=topic_prefix(QUOTES.name)
    ):
        yield from (entry["Key"] for entry in page.get("Contents", []))
