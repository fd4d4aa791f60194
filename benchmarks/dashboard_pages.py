"""Time until the dashboard's pages show their first content over a large warehouse.

The quotes are made in the local Snowflake. The pages are timed in Chromium.
"""

from __future__ import annotations

import http.client
import re
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from benchmarks.report import spread, table
from stock_stack.database import connect
from stock_stack.layout import Layout
from stock_stack.ports import HOST, free
from stock_stack.stack import Stack
from stock_testing import tab
from stock_testing.tab import Tab

ENTRIES = 10
"""The least results that the dashboard can cache: a page of ten symbols replaces all others."""
WAIT_MS = 60_000
QUOTES = """
INSERT INTO RAW.STOCK_QUOTES
SELECT
  '{day:%Y%m%d}-0000-5000-8000-' || LPAD(TO_VARCHAR(N), 12, '0'),
  'S' || LPAD(TO_VARCHAR(MOD(N, {symbols})), 3, '0'),
  CAST(100 + MOD(N, {symbols}) + 5 * SIN(FLOOR(N / {symbols}) / 40 + {place}) AS NUMBER(18, 6)),
  100, 110, 90, 99,
  1000 * FLOOR(N / {symbols}), CAST('{day}' AS DATE),
  DATEADD('second', {step} * FLOOR(N / {symbols}), CAST('{day}T14:30:00+00:00' AS TIMESTAMP_LTZ)),
  DATEADD('second', 1 + {step} * FLOOR(N / {symbols}), CAST('{day}T14:30:00+00:00' AS TIMESTAMP_LTZ)),
  'simulated', 'REALTIME_BULK_QUOTES', 'realtime', 'regular', REPEAT('ab', 16), MOD(N, 6), {first} + N,
  DATEADD('second', 1 + {step} * FLOOR(N / {symbols}), CAST('{day}T14:30:00+00:00' AS TIMESTAMP_LTZ)),
  'bench.parquet', CURRENT_TIMESTAMP, 'USD'
FROM (SELECT SEQ4() AS N FROM TABLE(GENERATOR(ROWCOUNT => {rows})))
"""
DRAWN = """
(least) => {
  const within = (root, selector) => [...root.querySelectorAll(selector)];
  const roots = within(document, "*").map((part) => part.shadowRoot).filter((root) => root);
  const rows = roots.flatMap((root) => within(root, "tbody tr"));
  const candles = within(document, ".js-plotly-plot .boxlayer path.box");
  return rows.length + candles.length >= least && performance.now();
}
"""
"""Milliseconds since the page was requested, once it has enough rows of a table or candles of a chart."""


class Page(NamedTuple):
    """A page to time: its path (`symbol` is filled in), least rows or candles, and limit in seconds."""

    name: str
    path: str
    least: int
    limit: float


def pages(symbols: int, days: int) -> tuple[Page, ...]:
    return (
        Page("Live", "", symbols, 1.5),
        Page("Symbol 1D", "?page=Symbol&symbol={symbol}", 300, 2.0),
        Page("Symbol 1Y", "?page=Symbol&symbol={symbol}&range=1Y", min(240, days), 3.0),
    )


def weekdays(last: date, count: int) -> list[date]:
    """The last `count` weekdays up to `last`, oldest first."""
    found: list[date] = []
    while len(found) < count:
        if last.weekday() < 5:
            found.append(last)
        last -= timedelta(days=1)
    return found[::-1]


def fill(stack: Stack, quotes: int, symbols: int, days: int) -> int:
    """Inserts quotes of `symbols` over `days` weekdays, day by day as loads do.

    Returns how many there are.
    """
    rounds = quotes // (symbols * days)
    rows, step = rounds * symbols, max(1, 23_400 // rounds)
    with connect(stack.environment("sf-loader"), database="STOCKS") as made:
        for place, day in enumerate(weekdays(datetime.now(UTC).date(), days)):
            made.cursor().execute(
                QUOTES.format(day=day, symbols=symbols, rows=rows, step=step, place=place, first=place * rows)
            )
        ((count,),) = made.cursor().execute("SELECT COUNT(*) FROM RAW.STOCK_QUOTES").fetchall()
    return int(count)


def forget(one: Tab, symbols: int) -> None:
    """Empties the dashboard's cache but for the minutes of ten symbols."""
    names = ",".join(f"S{number:03d}" for number in range(symbols - ENTRIES, symbols))
    one.open(f"?page=Compare&symbols={names}&span=1D")
    one.page.locator(".js-plotly-plot .scatterlayer path.js-line").nth(ENTRIES - 1).wait_for(
        state="attached", timeout=WAIT_MS
    )


def timed(one: Tab, page: Page, symbol: str) -> float:
    """Seconds from requesting the page until its first useful content is in it."""
    one.open(page.path.format(symbol=symbol))
    return float(one.page.wait_for_function(DRAWN, arg=page.least, timeout=WAIT_MS).json_value()) / 1_000


def queries(stack: Stack) -> dict[str, tuple[float, int]]:
    """View → seconds and number of the warehouse's answers so far, from the dashboard's metrics."""
    asked = http.client.HTTPConnection(HOST, stack.layout.ports["dashboard-metrics"], timeout=5)
    asked.request("GET", "/metrics")
    text = asked.getresponse().read().decode()
    asked.close()
    found = {}
    for view, seconds in re.findall(
        r'^stock_dashboard_query_seconds_sum\{view="(\w+)"\} (\S+)', text, re.MULTILINE
    ):
        (count,) = re.findall(
            rf'^stock_dashboard_query_seconds_count\{{view="{view}"\}} (\S+)', text, re.MULTILINE
        )
        found[view] = (float(seconds), int(float(count)))
    return found


def report(quotes: int, symbols: int, days: int, runs: int, say: Callable[[str], None]) -> tuple[str, bool]:
    """Fills and times. Returns the tables as Markdown, and whether every median is below its limit."""
    with (
        tempfile.TemporaryDirectory(prefix="stock-bench-") as directory,
        Stack(Layout(Path(directory), free(), {"HISTORY_ENTRIES": str(ENTRIES)}), say) as stack,
        tab.chromium() as browser,
    ):
        stack.start("migrations")
        count = fill(stack, quotes, symbols, days)
        say(f"{count:,} quotes in the local Snowflake")
        stack.start("dashboard")
        one = tab.opened(tab.viewer(browser), stack.layout.url("dashboard"))
        times: dict[str, list[float]] = {}
        for run in range(runs + 1):
            for page in pages(symbols, days):
                forget(one, symbols)
                seconds = timed(one, page, f"S{run:03d}")
                # The first run of each warms up: it opens warehouse sessions and fills the browser's cache.
                times.setdefault(page.name, []).extend([seconds] if run else [])
        asked = queries(stack)
    return _tables(count, symbols, days, times, asked), all(
        sorted(times[p.name])[runs // 2] < p.limit for p in pages(symbols, days)
    )


def _tables(
    count: int, symbols: int, days: int, times: dict[str, list[float]], asked: dict[str, tuple[float, int]]
) -> str:
    rows: list[Sequence[object]] = [
        [page.name, spread(times[page.name]), f"{page.limit:g}", len(times[page.name])]
        for page in pages(symbols, days)
    ]
    views = [[view, f"{seconds / number:.2f}", number] for view, (seconds, number) in asked.items() if number]
    return "\n\n".join(
        [
            f"{count:,} quotes of {symbols} symbols over {days} weekdays. The topic is silent, so that all "
            "content comes from the warehouse. From the request to the content in the browser. Process and "
            "browser are warm, the dashboard's cache of the warehouse is empty.",
            table(["page", "seconds, min / median / max", "limit (median)", "runs"], rows),
            table(["warehouse query", "mean seconds", "times"], views),
        ]
    )
