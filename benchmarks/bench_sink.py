"""How fast a backlog of quotes becomes durable Parquet on S3: the limit, our sink, and what people would use instead, turn by turn in one run.

    make bench-sink                                                     2,000,000 quotes, peers 500,000, five rounds, two and three sinks too
    make bench-sink ARGS="--records 200000 --peer-records 50000 --rounds 1 --scale 1"

Each round runs every contestant once against the same broker and S3 server, so that a slow minute of the machine meets all of them.
The limit is confluent-kafka's consume() in Python and nothing else: once with librdkafka's defaults, once with our sink's backoff for a full
prefetch (with the default of a second a consumer waits that is faster than its prefetch).

Every object is counted afterwards; our chain is checked offset by offset.
Exit code 1 when a target is missed (0.4 of the limit, 4.5 times quixstreams, 500 MB).
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq
from backlog import Backlog, backlog
from figures import machine, spread, table
from sinks import drain

from stock_common.topics import QUOTES

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
    """One run: records a second, peak memory in bytes, CPU seconds for a million records, objects put."""

    rate: float
    peak: int
    cpu: float
    objects: int


def ours(held: Backlog, records: int, processes: int = 1) -> Figure:
    done = drain(held, records, processes)
    return Figure(done.rate, max(done.peaks), done.cpu / records * 1e6, done.objects)


def peer(held: Backlog, name: str, records: int) -> Figure:
    """Runs a script of peers/ in its own environment. Raises RuntimeError when what it put is not what it read."""
    bucket = f"{name.replace('_', '-')}-{time.monotonic_ns()}"
    held.make_bucket(bucket)
    python = str(PEERS / ".venv/bin/python")
    script, extra = (LIMITS[0], ["fetch.queue.backoff.ms=10"]) if name == LIMITS[1] else (name, [])
    command = [python, str(PEERS / f"{script}.py"), held.brokers, QUOTES.name, str(QUOTES.partitions), str(records), bucket, *extra]
    done = subprocess.run(command, env=held.environment, capture_output=True, text=True, timeout=SECONDS)
    try:
        if done.returncode:
            raise RuntimeError(f"{name}: {done.stderr[-2000:]}")
        said = json.loads(done.stdout.splitlines()[-1])
        objects, rows = rows_in(held, bucket)
    finally:
        held.drop_bucket(bucket)
    if name not in LIMITS and rows < records:
        raise RuntimeError(f"{name} put {rows} rows of {records}")
    return Figure(said["records"] / said["seconds"], said["peak"], said["cpu"] / said["records"] * 1e6, objects)


def rows_in(held: Backlog, bucket: str) -> tuple[int, int]:
    """(objects, rows) in the bucket, by the files' own footers."""
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
    return table([title, "thousand records/s", "of the limit", "peak MB a process", "CPU s a million", "objects", "runs"], rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=2_000_000, help="backlog for the limit and our sink")
    parser.add_argument("--peer-records", type=int, default=500_000, help="how many of them the peers read")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=int, default=3, help="up to so many sinks at once")
    parser.add_argument("--only", default=",".join(NAMES), help="contestants by comma: " + ", ".join(NAMES))
    options = parser.parse_args()
    chosen = options.only.split(",")
    if set(chosen) - {"sink"}:
        subprocess.run([ROOT / "local/stack/env.sh", "build", "benchmarks/peers"], check=True)
    figures: dict[str, list[Figure]] = {NAMES[name]: [] for name in chosen}
    scale: dict[str, list[Figure]] = {f"{n} sinks": [] for n in range(2, options.scale + 1)}
    with backlog(options.records) as held:
        for _ in range(options.rounds):
            for name in chosen:
                records = options.records if name in (*LIMITS, "sink") else options.peer_records
                figures[NAMES[name]].append(ours(held, records) if name == "sink" else peer(held, name, records))
                print(f"{name}: {figures[NAMES[name]][-1]}", flush=True)
            for n, runs in enumerate(scale.values(), 2):
                runs.append(ours(held, options.records, n))
                print(f"{n} sinks: {runs[-1]}", flush=True)
    median = {name: statistics.median(run.rate for run in runs) for name, runs in figures.items()}
    limit = median.get(NAMES["consume_only"], float("nan"))
    print(f"\n{machine()}; {options.records:,} quotes of about 390 bytes, {QUOTES.partitions} partitions; min / median / max\n")
    print(show("contestant", figures | scale, limit))
    return verdict(median, figures)


def verdict(median: dict[str, float], figures: dict[str, list[Figure]]) -> int:
    """Prints each target with what was reached. 1 when one is missed."""
    own, quix = median.get(NAMES["sink"]), median.get(NAMES["quixstreams_sink"])
    limit = median.get(NAMES["consume_only"])
    good = True
    targets = []
    if own and (tuned := median.get(NAMES["consume_tuned"])):
        print(f"{own / tuned:.2f} of consume() with our backoff")
    if own and limit:
        targets.append((f"{own / limit:.2f} of consume() only", f"at least {LIMIT_SHARE}", own >= LIMIT_SHARE * limit))
    if own and quix:
        targets.append((f"{own / quix:.1f} times quixstreams", f"at least {PEER_FACTOR}", own >= PEER_FACTOR * quix))
    if own:
        peak = max(run.peak for run in figures[NAMES["sink"]]) / 1e6
        targets.append((f"peak memory {peak:.0f} MB", f"below {PEAK_MB}", peak < PEAK_MB))
    for reached, wanted, met in targets:
        good = good and met
        print(f"{'met' if met else 'MISSED'}: {reached} ({wanted})")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
