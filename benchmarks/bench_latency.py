"""How long a quote takes from its fetch to Kafka, S3, a view in Snowflake, and the live table in a browser.

    make bench-latency                                       two settings, five minutes each
    make bench-latency ARGS="--minutes 1 --settings 5:5"     one minute, flush and load each 5 s
    make bench-latency ARGS="--symbols 1000 --interval 1"    1,000 quotes a second

A whole stack fetches --symbols symbols every --interval seconds. The page shows the first 500 of them.
Settings are FLUSH_SECONDS:LOAD_INTERVAL_SECONDS. The defaults are 60:900. The load interval is shortened
here, so that five minutes have several loads. A quote has reached the view or the page when it, or a newer
one of its symbol, is there.
Limits: fetched to page p50 1 s and p99 2 s, fetched to queryable p99 flush + load + 5 s. Exit code 1 when one
is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.latency_stages import WATCH, Watch, Way, now
from benchmarks.report import machine, percentile, table
from stock_stack.layout import Layout, symbols
from stock_stack.ports import free
from stock_stack.services import ALL
from stock_stack.stack import Stack
from stock_testing import tab

WARM_SECONDS = 30.0
PAGE_P50, PAGE_P99 = 1.0, 2.0
SLACK_SECONDS = 5.0
BAR = 40
ROWS = 500
"""The most rows that the page shows."""


class Feed(NamedTuple):
    """What the producer fetches: `symbols` symbols every `interval` seconds."""

    symbols: int
    interval: float

    @property
    def names(self) -> list[str]:
        known = symbols().split(",")
        return [*known[: self.symbols], *(f"Q{number}" for number in range(self.symbols - len(known)))]

    def __str__(self) -> str:
        return f"{self.symbols:,} symbols every {self.interval:g} s"


class Setting(NamedTuple):
    flush: float
    load: float

    @property
    def limit(self) -> float:
        """Seconds from fetched to queryable, p99."""
        return self.flush + self.load + SLACK_SECONDS


class Leg(NamedTuple):
    """A part of a quote's way, from one of its times to a later one."""

    name: str
    start: str
    end: str


LEGS = (
    Leg("fetched → Kafka", "fetched", "kafka"),
    Leg("Kafka → S3", "kafka", "s3"),
    Leg("S3 → queryable", "s3", "queryable"),
    Leg("fetched → queryable", "fetched", "queryable"),
    Leg("Kafka → page", "kafka", "page"),
    Leg("fetched → page", "fetched", "page"),
)


class Limit(NamedTuple):
    """The most seconds of a leg, None: no limit."""

    p50: float | None = None
    p99: float | None = None

    def kept(self, p50: float, p99: float) -> bool:
        return (self.p50 is None or p50 <= self.p50) and (self.p99 is None or p99 <= self.p99)

    def __str__(self) -> str:
        parts = {"p50": self.p50, "p99": self.p99}
        return ", ".join(f"{name} {most:g}" for name, most in parts.items() if most is not None)


LIMITS: dict[str, Callable[[Setting], Limit]] = {
    "fetched → queryable": lambda setting: Limit(p99=setting.limit),
    "fetched → page": lambda setting: Limit(PAGE_P50, PAGE_P99),
}


class Measured(NamedTuple):
    """The way of every quote, and the symbols that the page showed."""

    ways: list[Way]
    on_page: set[str]

    def spans(self, leg: Leg) -> tuple[list[float], int]:
        """Seconds of the leg for the quotes that arrived, and how many did not.

        Only quotes of symbols on the page count for legs to the page.
        """
        ways = [way for way in self.ways if leg.end != "page" or way.symbol in self.on_page]
        pairs = [(getattr(way, leg.start), getattr(way, leg.end)) for way in ways]
        times = [max(0.0, end - start) for start, end in pairs if start is not None and end is not None]
        return times, len(ways) - len(times)


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def measured(setting: Setting, minutes: float, feed: Feed, report: Callable[[str], None]) -> Measured:
    """The ways of all quotes that were fetched in `minutes`, measured when all of them had time to arrive."""
    chosen = {
        "SYMBOLS": ",".join(feed.names),
        "POLL_INTERVAL_SECONDS": f"{feed.interval:g}",
        "FLUSH_SECONDS": f"{setting.flush:g}",
        "LOAD_INTERVAL_SECONDS": f"{setting.load:g}",
        "AUDIT_INTERVAL_SECONDS": "60",
    }
    with (
        tempfile.TemporaryDirectory(prefix="stock-bench-") as directory,
        Stack(Layout(Path(directory), free(), chosen), report) as stack,
    ):
        stack.start(*ALL)
        with tab.chromium() as browser, Watch(stack).running() as watch:
            one = tab.opened(tab.viewer(browser), stack.layout.url("dashboard"))
            one.open()
            one.page.locator("tbody tr").nth(min(feed.symbols, ROWS) - 1).wait_for(state="attached")
            one.page.evaluate(WATCH)
            begin = now() + WARM_SECONDS
            end = begin + minutes * 60
            while now() < end + setting.limit + SLACK_SECONDS:
                one.page.wait_for_timeout(1_000)
                watch.page(one)
                stack.check()
            if faults := one.faults():
                raise RuntimeError(f"the tab failed: {faults[0]}")
            return Measured(watch.ways(begin, end), watch.on_page)


def rows(found: Measured, setting: Setting) -> tuple[list[list[object]], bool]:
    """The table's rows, and whether the limits are kept."""
    longest = max(percentile(found.spans(leg)[0], 0.5) for leg in LEGS)
    lines, good = [], True
    for leg in LEGS:
        times, missing = found.spans(leg)
        p50, p99 = percentile(times, 0.5), percentile(times, 0.99)
        limit = LIMITS.get(leg.name, lambda setting: Limit())(setting)
        good = good and limit.kept(p50, p99) and not missing
        unseen = f" ({missing:,} of {missing + len(times):,} not seen)" if missing else ""
        bar = "█" * max(1, round(p50 / longest * BAR))
        lines.append([leg.name, f"{p50:.3f}", f"{p99:.3f}", f"{max(times):.3f}", f"{limit}{unseen}", bar])
    return lines, good


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="bench_latency", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--minutes", type=float, default=5, help="measured time of each setting (default %(default)s)"
    )
    parser.add_argument("--symbols", type=int, default=100, help="symbols (default %(default)s)")
    parser.add_argument(
        "--interval",
        type=float,
        default=5,
        help="seconds between two quotes of a symbol (default %(default)s)",
    )
    parser.add_argument(
        "--settings",
        default="60:15,1:1",
        help="FLUSH_SECONDS:LOAD_INTERVAL_SECONDS, by commas (default %(default)s)",
    )
    chosen = parser.parse_args(arguments)
    good, feed = True, Feed(chosen.symbols, chosen.interval)
    print(machine())
    for words in chosen.settings.split(","):
        flush, load = words.split(":")
        setting, begun = Setting(float(flush), float(load)), time.monotonic()
        found = measured(setting, chosen.minutes, feed, say)
        text, kept = rows(found, setting)
        good = good and kept
        print(f"\n## FLUSH_SECONDS={flush}, LOAD_INTERVAL_SECONDS={load}\n")
        print(
            f"{len(found.ways):,} quotes of {feed} in {chosen.minutes:g} minutes. "
            "Times are in seconds. The bar is the median.\n"
        )
        print(table(["part of the way", "p50", "p99", "max", "limit", "share"], text), flush=True)
        say(f"took {time.monotonic() - begun:.0f} s")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
