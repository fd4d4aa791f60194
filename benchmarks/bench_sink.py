"""How fast a backlog of quotes becomes durable Parquet on S3: the limit, our sink, and its peers, in one run.

    make bench-sink                            2,000,000 quotes, peers 500,000, five rounds, up to three sinks
    make bench-sink ARGS="--records 200000 --peer-records 50000 --rounds 1 --scale 1"
    make bench-sink ARGS="--records 300000 --symbols 1 --s3-ms 80 --only sink --rounds 3 --scale 1"

Each round runs every contestant once against the same broker and S3 server, so that a slow minute of the
machine concerns all of them. The limit is confluent-kafka's consume() in Python and nothing else. It runs
once with librdkafka's defaults, and once with our sink's backoff for a full prefetch. (With the default of a
second, a consumer that is faster than its prefetch waits.)

Every object is counted at the end. Our chain is checked offset by offset.
Exit code 1 when a target is missed (0.4 of the limit, 4.5 times quixstreams, 500 MB).
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq

from benchmarks.backlog import SYMBOLS, Backlog, backlog
from benchmarks.report import machine, spread, table
from benchmarks.sinks import Drain, drain
from stock_common.topics import QUOTES
from stock_testing.proxy import Distance, Running

ROOT = Path(__file__).parents[1]
PEERS = ROOT / "benchmarks/peers"
LIMIT_SHARE, PEER_FACTOR, PEAK_MB = 0.4, 4.5, 500
SECONDS = 300
NAMES = {
    "consume_only": "limit: consume() only, defaults",
    "consume_tuned": "limit: the same, fetch.queue.backoff.ms=10",
    "sink": "our sink",
    "quixstreams_sink": "quixstreams S3FileSink",
    "common_loop": "the common loop",
}
LIMITS = ("consume_only", "consume_tuned")


class Figure(NamedTuple):
    """One run: records a second, peak memory in bytes, CPU seconds for a million records, objects."""

    rate: float
    peak: int
    cpu: float
    objects: int


def ours(held: Backlog, records: int, processes: int = 1, s3_seconds: float = 0) -> Figure:
    """s3_seconds: how long each request to S3 is held back."""
    with closing(Running(Distance(held.stack.layout.ports["s3"], s3_seconds, s3_seconds))) as far:
        variables = {"S3_ENDPOINT_URL": far.url} if s3_seconds else {}
        done = drain(held, Drain(records, processes, environment=variables))
    return Figure(done.rate, max(done.peaks), done.cpu / records * 1e6, done.objects)


def peer(held: Backlog, name: str, records: int) -> Figure:
    """Runs a script of peers/ in its environment. Raises RuntimeError when it put fewer rows than it read."""
    bucket = f"{name.replace('_', '-')}-{time.monotonic_ns()}"
    held.make_bucket(bucket)
    python = str(PEERS / ".venv/bin/python")
    script, extra = (LIMITS[0], ["fetch.queue.backoff.ms=10"]) if name == LIMITS[1] else (name, [])
    command = [
        python,
        str(PEERS / f"{script}.py"),
        held.brokers,
        QUOTES.name,
        str(QUOTES.partitions),
        str(records),
        bucket,
        *extra,
    ]
    done = subprocess.run(command, env=held.environment, capture_output=True, text=True, timeout=SECONDS)
    try:
        if done.returncode:
            raise RuntimeError(f"{name}: {done.stderr[-2000:]}")
        own = json.loads(done.stdout.splitlines()[-1])
        objects, rows = rows_in(held, bucket)
    finally:
        held.drop_bucket(bucket)
    if name not in LIMITS and rows < records:
        raise RuntimeError(f"{name} put {rows} rows of {records}")
    return Figure(own["records"] / own["seconds"], own["peak"], own["cpu"] / own["records"] * 1e6, objects)


def rows_in(held: Backlog, bucket: str) -> tuple[int, int]:
    """(objects, rows) in the bucket, from the files' footers."""
    client, objects, rows = held.s3(), 0, 0
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for item in page.get("Contents", ()):
            body = client.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
            objects, rows = objects + 1, rows + pq.read_metadata(io.BytesIO(body)).num_rows
    return objects, rows


def show(title: str, figures: dict[str, list[Figure]], limit: float) -> str:
    rows = []
    for name, runs in figures.items():
        rates = [run.rate / 1000 for run in runs]
        share = f"{statistics.median(rates) * 1000 / limit:.2f}"
        peak, cpu = spread([run.peak / 1e6 for run in runs], 0), spread([run.cpu for run in runs], 1)
        rows.append([name, spread(rates, 0), share, peak, cpu, max(run.objects for run in runs), len(runs)])
    return table(
        [
            title,
            "thousand records/s",
            "of the limit",
            "peak MB a process",
            "CPU s a million",
            "objects",
            "runs",
        ],
        rows,
    )


def main() -> int:
    options = arguments()
    chosen = options.only.split(",")
    if set(chosen) - {"sink"}:
        subprocess.run([ROOT / "local/stack/env.sh", "build", "benchmarks/peers"], check=True)
    figures, scale = measure(options, chosen)
    median = {name: statistics.median(run.rate for run in runs) for name, runs in figures.items()}
    limit = median.get(NAMES["consume_only"], float("nan"))
    size = f"{options.records:,} quotes of about 390 bytes, {QUOTES.partitions} partitions"
    print(f"\n{machine()}, {size}, min / median / max\n")
    print(show("contestant", figures | scale, limit))
    return verdict(median, figures)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=2_000_000, help="backlog for the limit and our sink")
    parser.add_argument("--peer-records", type=int, default=500_000, help="how many of them the peers read")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=int, default=3, help="up to so many sinks at once")
    parser.add_argument("--symbols", type=int, default=SYMBOLS, help="with 1 only one partition is busy")
    parser.add_argument(
        "--s3-ms", type=float, default=0, help="what each of our requests to S3 waits, 80 far away"
    )
    parser.add_argument("--only", default=",".join(NAMES), help="contestants by comma: " + ", ".join(NAMES))
    return parser.parse_args()


Figures = dict[str, list[Figure]]
"""Contestant → its runs."""


def measure(options: argparse.Namespace, chosen: list[str]) -> tuple[Figures, Figures]:
    """The runs of the contestants, and those of several sinks at once."""
    figures: Figures = {NAMES[name]: [] for name in chosen}
    scale: Figures = {f"{n} sinks": [] for n in range(2, options.scale + 1)}
    far = options.s3_ms / 1000
    with backlog(options.records, options.symbols) as held:
        for _ in range(options.rounds):
            for name in chosen:
                records = options.records if name in (*LIMITS, "sink") else options.peer_records
                run = ours(held, records, 1, far) if name == "sink" else peer(held, name, records)
                figures[NAMES[name]].append(run)
                print(f"{name}: {run}", flush=True)
            for n, runs in enumerate(scale.values(), 2):
                runs.append(ours(held, options.records, n, far))
                print(f"{n} sinks: {runs[-1]}", flush=True)
    return figures, scale


def verdict(median: dict[str, float], figures: Figures) -> int:
    """Prints each target with what was reached. Returns 1 when one is missed."""
    own = median.get(NAMES["sink"])
    if not own:
        return 0
    if tuned := median.get(NAMES["consume_tuned"]):
        print(f"{own / tuned:.2f} of consume() with our backoff")
    good = True
    for reached, wanted, met in targets(own, median, max(run.peak for run in figures[NAMES["sink"]]) / 1e6):
        good = good and met
        print(f"{'met' if met else 'MISSED'}: {reached} ({wanted})")
    return 0 if good else 1


def targets(own: float, median: dict[str, float], peak: float) -> Iterator[tuple[str, str, bool]]:
    """(reached, wanted, met) of our sink with its median rate and its peak in MB."""
    if limit := median.get(NAMES["consume_only"]):
        yield f"{own / limit:.2f} of consume() only", f"at least {LIMIT_SHARE}", own >= LIMIT_SHARE * limit
    if quix := median.get(NAMES["quixstreams_sink"]):
        yield f"{own / quix:.1f} times quixstreams", f"at least {PEER_FACTOR}", own >= PEER_FACTOR * quix
    yield f"peak memory {peak:.0f} MB", f"below {PEAK_MB}", peak < PEAK_MB


if __name__ == "__main__":
    raise SystemExit(main())
