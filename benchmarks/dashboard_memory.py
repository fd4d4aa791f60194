"""The dashboard's memory over an hour: a whole stack with a day of quotes, and viewers with open tabs."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from confluent_kafka import Producer

from benchmarks.report import spread, table
from stock_common.records import Quote, encode
from stock_common.topics import QUOTES
from stock_stack.layout import Layout, symbols
from stock_stack.ports import HOST, free
from stock_stack.stack import Stack
from stock_testing import tab

SLOW = {"FLUSH_SECONDS": "30", "LOAD_INTERVAL_SECONDS": "60"}
BACKLOG_MINUTES = 1_440
PAGES = ("", "?page=Symbol&symbol=IBM", "?page=Compare", "?page=Movers", "?page=Pipeline")
SAMPLE_SECONDS = 15.0
WARM_SHARE = 1 / 6
"""The first part of the time, in which allocators and caches fill, does not count."""
SPANS = 6
MEBI = 2**20


class Sample(NamedTuple):
    """Seconds since the start, and resident bytes of the dashboard."""

    at: float
    bytes: int


def resident(pid: int) -> int:
    """Resident bytes of the process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4_096


def backlog(port: int, names: Sequence[str]) -> int:
    """Produces a day of quotes, one a minute and symbol. Returns how many.

    The dashboard's reader then begins with its memory as full as after a day.
    """
    producer = Producer(
        {"bootstrap.servers": f"{HOST}:{port}", "linger.ms": 50, "partitioner": "murmur2_random"}
    )
    begin = datetime.now(UTC) - timedelta(minutes=BACKLOG_MINUTES)
    for minute in range(BACKLOG_MINUTES):
        at = begin + timedelta(minutes=minute)
        for place, symbol in enumerate(names):
            price = Decimal(100 + place) + Decimal(minute % 37) / 10
            quote = Quote(
                event_id=str(uuid4()),
                symbol=symbol,
                price=price,
                open=price,
                high=price + 1,
                low=price - 1,
                previous_close=Decimal(100 + place),
                volume=1_000 * minute,
                trading_day=at.date(),
                quoted_at=at,
                fetched_at=at,
                source="simulated",
                endpoint="REALTIME_BULK_QUOTES",
                entitlement="realtime",
                session="regular",
            )
            producer.produce(QUOTES.name, encode(quote), key=symbol)
        producer.poll(0)
    if producer.flush(60):
        raise RuntimeError("Kafka did not take the backlog within a minute")
    return BACKLOG_MINUTES * len(names)


def watched(stack: Stack, minutes: float, viewers: int, say: Callable[[str], None]) -> list[Sample]:
    """Samples while `viewers` tabs are open."""
    pid, address, samples = stack.pid("dashboard"), stack.layout.url("dashboard"), []
    with tab.chromium() as browser:
        tabs = [tab.opened(tab.viewer(browser), address) for _ in range(viewers)]
        for place, one in enumerate(tabs):
            one.open(PAGES[place % len(PAGES)])
        begun = time.monotonic()
        while (now := time.monotonic() - begun) < minutes * 60:
            samples.append(Sample(now, resident(pid)))
            # The browser's own events are handled while waiting.
            tabs[0].page.wait_for_timeout(SAMPLE_SECONDS * 1000)
            stack.check()
        for fault in {fault for one in tabs for fault in one.faults()}:
            say(f"a tab's console: {fault}")
    return samples


def growth(samples: Sequence[Sample]) -> float:
    """MiB an hour, by least squares."""
    slope = statistics.linear_regression(
        [sample.at for sample in samples], [sample.bytes for sample in samples]
    ).slope
    return slope * 3_600 / MEBI


def report(minutes: float, viewers: int, limit: float, say: Callable[[str], None]) -> tuple[str, bool]:
    """Runs it. Returns the table as Markdown, and whether memory grew by less than `limit` MiB an hour."""
    with (
        tempfile.TemporaryDirectory(prefix="stock-bench-") as directory,
        Stack(Layout(Path(directory), free(), SLOW), say) as stack,
    ):
        stack.start("topics")
        count = backlog(stack.layout.ports["kafka"], symbols().split(","))
        stack.start("producer", "s3-sink", "sf-loader", "dashboard")
        samples = watched(stack, minutes, viewers, say)
    warm = [sample for sample in samples if sample.at >= minutes * 60 * WARM_SHARE]
    rows = []
    for span in range(SPANS):
        inside = [
            sample.bytes / MEBI
            for sample in samples
            if span / SPANS <= sample.at / (minutes * 60) < (span + 1) / SPANS
        ]
        rows.append(
            [f"{minutes * span / SPANS:.0f} to {minutes * (span + 1) / SPANS:.0f}", spread(inside, 1)]
        )
    grown = growth(warm)
    text = "\n\n".join(
        [
            f"{viewers} viewers (Live, Symbol, Compare, Movers, Pipeline) for {minutes:g} minutes, "
            f"{count:,} quotes of the last day before them, {len(symbols().split(','))} symbols every 5 s.",
            table(["minutes", "resident MiB, min / median / max"], rows),
            f"Growth after the first sixth, by least squares: {grown:+.1f} MiB an hour (limit {limit:g}).",
        ]
    )
    return text, grown < limit
