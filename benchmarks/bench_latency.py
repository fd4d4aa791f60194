"""How long a quote takes from its fetch to Kafka, S3, a view in Snowflake, and the live table in a browser.

    make bench-latency                                                    default settings and the low-latency ones, five minutes each
    make bench-latency ARGS="--minutes 1 --settings 5:5"                  one minute with FLUSH_SECONDS=5 and LOAD_INTERVAL_SECONDS=5
    make bench-latency ARGS="--symbols 1000 --interval 1"                 1,000 quotes a second

A whole stack, --symbols symbols every --interval seconds; the page shows the first 500 of them. Settings are FLUSH_SECONDS:LOAD_INTERVAL_SECONDS;
the defaults are 60:900, of which the load interval is shortened here so that five minutes hold several loads. A quote has reached the view or the
page once what is there is it, or a newer one of its symbol. Limits: fetched to page p50 1 s and p99 2 s; fetched to queryable p99 flush + load + 5 s.
Exit code 1 when one is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "integration"))

import tab
from figures import machine, percentile, table
from latency_stages import WATCH, Watch, Way, now

from stock_stack.ports import free
from stock_stack.services import ALL
from stock_stack.site import Site, symbols
from stock_stack.stack import Stack

WARM_SECONDS = 30.0
PAGE_P50, PAGE_P99 = 1.0, 2.0
SLACK_SECONDS = 5.0
BAR = 40
ROWS = 500
"""The page shows so many at most."""


class Feed(NamedTuple):
    """What the producer fetches: `symbols` every `interval` seconds."""

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
    """A part of the way, from one time of a quote to a later one."""

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


class Measured(NamedTuple):
    """Every quote's way, and the symbols that the page showed."""

    ways: list[Way]
    on_page: set[str]

    def spans(self, leg: Leg) -> tuple[list[float], int]:
        """Seconds that the leg took, of the quotes that have made it, and how many have not. Of the page: quotes of the symbols on it."""
        ways = [way for way in self.ways if leg.end != "page" or way.symbol in self.on_page]
        pairs = [(getattr(way, leg.start), getattr(way, leg.end)) for way in ways]
        times = [max(0.0, end - start) for start, end in pairs if start is not None and end is not None]
        return times, len(ways) - len(times)


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def measured(setting: Setting, minutes: float, feed: Feed, report: Callable[[str], None]) -> Measured:
    """The way of every quote that was fetched in the `minutes` after the start, once all of them have arrived."""
    chosen = {
        "SYMBOLS": ",".join(feed.names),
        "POLL_INTERVAL_SECONDS": f"{feed.interval:g}",
        "FLUSH_SECONDS": f"{setting.flush:g}",
        "LOAD_INTERVAL_SECONDS": f"{setting.load:g}",
        "AUDIT_INTERVAL_SECONDS": "60",
    }
    with tempfile.TemporaryDirectory(prefix="stock-bench-") as directory, Stack(Site(Path(directory), free(), chosen), report) as stack:
        stack.start(*ALL)
        with tab.chromium() as browser, Watch(stack).running() as watch:
            one = tab.opened(tab.viewer(browser), stack.site.url("dashboard"))
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
                raise RuntimeError(f"the tab went wrong: {faults[0]}")
            return Measured(watch.ways(begin, end), watch.on_page)


def rows(found: Measured, setting: Setting) -> tuple[list[list[object]], bool]:
    """The table's rows, and whether the limits are kept."""
    limits = {"fetched → queryable": (None, setting.limit), "fetched → page": (PAGE_P50, PAGE_P99)}
    lines, good = [], True
    longest = max(percentile(found.spans(leg)[0], 0.5) for leg in LEGS)
    for leg in LEGS:
        times, missing = found.spans(leg)
        p50, p99 = percentile(times, 0.5), percentile(times, 0.99)
        least, most = limits.get(leg.name, (None, None))
        good = good and (least is None or p50 <= least) and (most is None or p99 <= most) and not missing
        limit = "" if most is None else f"{'' if least is None else f'p50 {least:g}, '}p99 {most:g}"
        unseen = f" ({missing:,} of {missing + len(times):,} not seen)" if missing else ""
        bar = "█" * max(1, round(p50 / longest * BAR))
        lines.append([leg.name, f"{p50:.3f}", f"{p99:.3f}", f"{max(times):.3f}", f"{limit}{unseen}", bar])
    return lines, good


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench_latency", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5, help="measured time of each setting (default %(default)s)")
    parser.add_argument("--symbols", type=int, default=100, help="symbols (default %(default)s)")
    parser.add_argument("--interval", type=float, default=5, help="seconds between two quotes of a symbol (default %(default)s)")
    parser.add_argument("--settings", default="60:15,1:1", help="FLUSH_SECONDS:LOAD_INTERVAL_SECONDS, by commas (default %(default)s)")
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
        print(f"{len(found.ways):,} quotes of {feed} in {chosen.minutes:g} minutes; seconds; the bar is the median.\n")
        print(table(["part of the way", "p50", "p99", "max", "limit", "share"], text), flush=True)
        say(f"took {time.monotonic() - begun:.0f} s")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
