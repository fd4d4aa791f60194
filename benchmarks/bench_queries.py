"""How the dashboard's queries grow with the history: 1, 10 and 100 million quotes in the warehouse.

    make bench-queries                                       a quarter of an hour, and 10 GB of disk meanwhile
    make bench-queries ARGS="--quotes 1000000,4000000 --runs 5"

The local Snowflake holds quotes of 100 symbols, 40,000 a weekday, in the order of their loads. The
dashboard's own code asks, each time for another symbol, so that no answer comes from a cache. The local
Snowflake runs on DuckDB. It shows how a query grows, not how fast Snowflake is.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
from datetime import date, timedelta
from pathlib import Path

from benchmarks.report import machine, spread, table
from stock_stack.database import connect
from stock_stack.layout import Layout
from stock_stack.ports import free
from stock_stack.registry import REPOSITORY
from stock_stack.services import launcher
from stock_stack.stack import Stack

SYMBOLS, A_DAY = 100, 40_000
CHUNK = 50 * A_DAY
PROBE_SECONDS = 900
BEGIN = date(2016, 1, 4)
"""A Monday. Day number n is a weekday."""
SECONDS_A_ROUND = 23_400 // (A_DAY // SYMBOLS)
QUOTES = f"""\
INSERT INTO RAW.STOCK_QUOTES
SELECT
  '0000abcd-0000-5000-8000-' || LPAD(TO_VARCHAR(N), 12, '0'),
  'S' || LPAD(TO_VARCHAR(MOD(N, {SYMBOLS})), 3, '0'),
  CAST(100 + MOD(N, {SYMBOLS}) + 5 * SIN(N / 4000) AS NUMBER(18, 6)), 100, 110, 90, 99, 1000 * AT, DAY,
  DATEADD('second', {SECONDS_A_ROUND} * AT, OPENED), DATEADD('second', 1 + {SECONDS_A_ROUND} * AT, OPENED),
  'simulated', 'REALTIME_BULK_QUOTES', 'realtime', 'regular', REPEAT('ab', 16), MOD(N, 6), FLOOR(N / 6),
  DATEADD('second', 1 + {SECONDS_A_ROUND} * AT, OPENED), 'bench.parquet', DATEADD('minute', 15, OPENED), 'USD'
FROM (
  SELECT N, AT, DAY, DATEADD('minute', 870, CAST(DAY AS TIMESTAMP_LTZ)) AS OPENED
  FROM (
    SELECT N, FLOOR(MOD(N, {A_DAY}) / {SYMBOLS})::INT AS AT,
      DATEADD('day', (FLOOR(N / {A_DAY}) + 2 * FLOOR(N / {5 * A_DAY}))::INT, CAST('{BEGIN}' AS DATE))::DATE
        AS DAY
    FROM (SELECT {{first}} + SEQ4() AS N FROM TABLE(GENERATOR(ROWCOUNT => {{rows}}))) AS NUMBERS
  ) AS PLACES
) AS DAYS
ORDER BY N"""


def last_day(quotes: int) -> date:
    """The newest quote's day."""
    weekday = (quotes - 1) // A_DAY
    return BEGIN + timedelta(days=weekday + 2 * (weekday // 5))


def fill(stack: Stack, quotes: int) -> None:
    with connect(stack.environment("dashboard"), database="STOCKS") as made:
        for first in range(0, quotes, CHUNK):
            made.cursor().execute(QUOTES.format(first=first, rows=min(CHUNK, quotes - first)))


def ask(stack: Stack, quotes: int, runs: int) -> dict[str, list[float]]:
    """Query → seconds of each run."""
    python = str(Path(launcher("dashboard")).with_name("python"))
    environment = {
        "QUERIES_TODAY": last_day(quotes).isoformat(),
        "QUERIES_RUNS": str(runs),
    }
    done = subprocess.run(
        [python, "-m", "benchmarks.growth.page_queries"],
        cwd=REPOSITORY,
        env=stack.environment("dashboard") | environment,
        stdout=subprocess.PIPE,
        text=True,
        timeout=PROBE_SECONDS,
        check=True,
    )
    found: dict[str, list[float]] = {}
    for line in map(json.loads, done.stdout.splitlines()):
        found.setdefault(line["what"], []).append(line["seconds"])
    return found


def measure(quotes: int, runs: int) -> dict[str, list[float]]:
    with (
        tempfile.TemporaryDirectory(prefix="queries-") as data,
        Stack(Layout(Path(data), free(), {}), lambda line: None) as stack,
    ):
        stack.start("migrations")
        fill(stack, quotes)
        return ask(stack, quotes, runs)


def report(results: dict[int, dict[str, list[float]]]) -> str:
    rows = []
    for what, base in next(iter(results.values())).items():
        for quotes, found in results.items():
            growth = statistics.median(found[what]) / statistics.median(base)
            rows.append((what, f"{quotes:,}", len(found[what]), spread(found[what], 3), f"{growth:.2f}"))
    return table(("question", "quotes", "runs", "seconds, min / median / max", "of the first"), rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="bench_queries", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quotes", default="1000000,10000000,100000000", help="how many, by commas")
    parser.add_argument("--runs", type=int, default=7, help="of each question")
    options = parser.parse_args()
    results = {}
    for quotes in map(int, options.quotes.split(",")):
        results[quotes] = measure(quotes, options.runs)
        print(f"{quotes:,} quotes done", flush=True)
    print(f"\n{machine()}, load {os.getloadavg()[0]:.1f}\n\n{report(results)}")


if __name__ == "__main__":
    main()
