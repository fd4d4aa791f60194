"""How a cycle grows with the history: S3 calls and seconds with 1,000, 100,000 and 1,000,000 objects.

    make bench-growth                                  about ten minutes
    make bench-growth ARGS="--sizes 1000,10000 --runs 5"

The services' own code runs one cycle after the other, in each service's environment. Ledger and table are in
the local Snowflake, filled by SQL. The table always has a million rows. The objects do not exist: a fake S3
server (benchmarks/growth) computes the answers to LIST and HEAD over a history of that size, and counts the
calls. Its time for a LIST is subtracted from the seconds. On AWS each call takes 20 to 200 ms more.
Target: the same calls whatever the history, and the same seconds of a cycle within 20 %.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.growth.fake_s3 import FakeS3
from benchmarks.growth.fake_s3_history import (
    BEGIN,
    HOURS_A_DAY,
    LINKS_AN_HOUR,
    PARTITIONS,
    TOPIC,
    TOPIC_ID,
    History,
    require,
)
from benchmarks.report import machine, spread, table
from stock_stack.database import connect
from stock_stack.layout import Layout
from stock_stack.ports import free
from stock_stack.registry import REPOSITORY
from stock_stack.services import launcher
from stock_stack.stack import Stack

PROBES = (("s3-sink", "sink_start"), ("sf-loader", "loader_cycle"), ("auditor", "auditor_cycle"))
PROBE_SECONDS = 900
TARGET = 1.2
NUMBERS = "SELECT ROW_NUMBER() OVER (ORDER BY NULL) - 1 AS N FROM TABLE(GENERATOR(ROWCOUNT => {}))"
LEDGER = f"""\
INSERT INTO RAW.LOADED_FILES
  (TOPIC, TOPIC_ID, KAFKA_PARTITION, FIRST_OFFSET, LAST_OFFSET, ROW_COUNT, REJECTED, HOLES, LOST,
   OBJECT_KEY, ETAG, STATUS, OBJECT_TIME, LOADED_AT)
SELECT '{TOPIC}', '{TOPIC_ID}', PLACE, AT * {{rows}}, AT * {{rows}} + {{rows}} - 1, {{rows}}, 0, 0, 0,
  'raw/{TOPIC}/{TOPIC_ID}/partition=' || LPAD(TO_VARCHAR(PLACE), 5, '0')
    || '/dt=' || TO_CHAR(HOUR::TIMESTAMP, 'YYYY-MM-DD') || '/hour=' || TO_CHAR(HOUR::TIMESTAMP, 'HH24')
    || '/o' || LPAD(TO_VARCHAR(AT * {{rows}}), 20, '0') || '.parquet',
  LPAD(TO_VARCHAR(PLACE * {{links}} + AT), 32, '0'), 'loaded', HOUR, DATEADD('minute', 1, HOUR)
FROM (
  SELECT PLACE, AT,
    DATEADD(
      'hour',
      (FLOOR(AT / {LINKS_AN_HOUR * HOURS_A_DAY}) * 24 + MOD(FLOOR(AT / {LINKS_AN_HOUR}), {HOURS_A_DAY}))::INT,
      BEGAN
    ) AS HOUR
  FROM (
    SELECT FLOOR(N / {{links}})::INT AS PLACE, MOD(N, {{links}})::INT AS AT,
      '{BEGIN:%Y-%m-%d %H:%M:%S}'::TIMESTAMP AS BEGAN
    FROM ({{numbers}}) AS NUMBERS
  ) AS LINKS
) AS TIMES
ORDER BY AT, PLACE"""
TABLE = f"""\
INSERT INTO RAW.STOCK_QUOTES
  (EVENT_ID, SYMBOL, PRICE, TRADING_DAY, FETCHED_AT, SOURCE, ENDPOINT, KAFKA_TOPIC_ID, KAFKA_PARTITION,
   KAFKA_OFFSET, KAFKA_TIME, SOURCE_FILE, LOADED_AT)
SELECT TO_VARCHAR(N), 'AAPL', 1, '2019-01-01'::DATE, AT, 'simulated', 'GLOBAL_QUOTE', '{TOPIC_ID}',
  MOD(N, {PARTITIONS})::INT, FLOOR(N / {PARTITIONS})::INT,
  AT, 'raw', AT
FROM (SELECT N, '2019-01-01 13:00:00'::TIMESTAMP AS AT FROM ({{numbers}}) AS NUMBERS) AS TIMES"""


def fill(environment: dict[str, str], history: History) -> None:
    """Fills ledger and table as the loads of the history would have."""
    with connect(environment, database="STOCKS") as session:
        cursor = session.cursor()
        count, offsets = history.links * PARTITIONS, history.links * history.rows
        cursor.execute(LEDGER.format(links=history.links, rows=history.rows, numbers=NUMBERS.format(count)))
        cursor.execute(TABLE.format(offsets=offsets, numbers=NUMBERS.format(offsets * PARTITIONS)))
        # Where the server's ETag and the ledger's differ, the services would ask for every object.
        (key, etag), *_ = cursor.execute(
            "SELECT OBJECT_KEY, ETAG FROM RAW.LOADED_FILES ORDER BY OBJECT_KEY DESC LIMIT 1"
        ).fetchall()  # type: ignore[union-attr]
        entry = history.find(key)
        require(entry is not None and entry.etag == etag, f"{key} {etag} is not the history's {entry}")


def probe(service: str, name: str, environment: dict[str, str]) -> Iterator[dict[str, float]]:
    python = str(Path(launcher(service)).with_name("python"))
    done = subprocess.run(
        [python, "-m", f"benchmarks.growth.{name}"],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        timeout=PROBE_SECONDS,
        check=True,
    )
    yield from map(json.loads, done.stdout.splitlines())


def run(size: int, runs: int) -> dict[str, list[dict[str, float]]]:
    """What → its runs."""
    history = History(size)
    found: dict[str, list[dict[str, float]]] = {}
    with (
        tempfile.TemporaryDirectory(prefix="growth-") as data,
        Stack(Layout(Path(data), free(), {}), lambda line: None) as stack,
        closing(FakeS3(history)) as s3,
    ):
        stack.start("migrations")
        environment = stack.environment("sf-loader") | {
            "S3_ENDPOINT_URL": s3.url,
            "GROWTH_SIZE": str(size),
            "GROWTH_RUNS": str(runs),
        }
        fill(environment, history)
        for service, name in PROBES:
            for sample in probe(service, name, environment):
                found.setdefault(str(sample["what"]), []).append(sample)
    return found


def report(results: dict[int, dict[str, list[dict[str, float]]]]) -> str:
    first = next(iter(results))
    rows = []
    for what in results[first]:
        base = statistics.median(sample["seconds"] for sample in results[first][what])
        for size, found in results.items():
            samples = found[what]
            seconds = [sample["seconds"] for sample in samples]
            calls = (
                f"{statistics.median(sample[kind] for sample in samples):,.0f}"
                for kind in ("LIST", "HEAD", "statements")
            )
            peak = max(sample["peak"] for sample in samples)
            rows.append(
                (
                    what,
                    f"{size:,}",
                    *calls,
                    len(samples),
                    spread(seconds, 3),
                    f"{statistics.median(seconds) / base:.2f}",
                    f"{peak:.0f}",
                )
            )
    return table(
        (
            "cycle",
            "objects",
            "LIST",
            "HEAD",
            "statements",
            "runs",
            "seconds, min / median / max",
            f"of the first (limit {TARGET:.2f})",
            "peak MB",
        ),
        rows,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="bench_growth", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default="1000,100000,1000000", help="objects of history, by commas")
    parser.add_argument("--runs", type=int, default=7, help="runs of each cycle")
    options = parser.parse_args()
    results = {}
    for size in map(int, options.sizes.split(",")):
        results[size] = run(size, options.runs)
        print(f"{size:,} objects done", flush=True)
    print(f"\n{machine()}, load {os.getloadavg()[0]:.1f}\n\n{report(results)}")


if __name__ == "__main__":
    main()
