"""What the probes share: a cycle timed with the calls that it made, and a new link for it to find."""

from __future__ import annotations

import ast
import json
import os
import resource
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from stock_common.links import Link

FRONT, BUCKET = os.environ["S3_ENDPOINT_URL"], os.environ["S3_BUCKET"]
SIZE, RUNS = int(os.environ["GROWTH_SIZE"]), int(os.environ["GROWTH_RUNS"])
SECONDS = 30
SENT: Counter[str] = Counter()
"""To the warehouse, since the last line that was told."""


def calls() -> dict[str, float]:
    """S3 calls since the last time it was asked, and the seconds that the server itself took for them."""
    with urllib.request.urlopen(f"{FRONT}/calls", timeout=SECONDS) as answer:  # noqa: S310 - loopback
        return ast.literal_eval(answer.read().decode())


def put(of: Link) -> None:
    headers = {f"x-amz-meta-{name}": value for name, value in of.metadata().items()}
    request = urllib.request.Request(f"{FRONT}/{BUCKET}/{of.key}", b"", headers, method="PUT")  # noqa: S310 - loopback
    urllib.request.urlopen(request, timeout=SECONDS).close()  # noqa: S310


def measure(what: str, cycle: Callable[[], Any], before: Callable[[int], None] = lambda run: None, runs: int = RUNS) -> None:
    """Prints one line of JSON a run."""
    for run in range(runs):
        before(run)
        calls()
        SENT.clear()
        begun = time.perf_counter()
        cycle()
        tell(what, time.perf_counter() - begun, calls())


def tell(what: str, seconds: float, made: Mapping[str, float]) -> None:
    """The server is the benchmark's own: what it takes is not counted. `peak` is the process's largest memory so far, in MB."""
    figures = {"seconds": max(0.0, seconds - made.get("seconds", 0.0)), "LIST": made.get("LIST", 0), "HEAD": made.get("HEAD", 0)}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    json.dump({"what": what, "statements": SENT["statements"], "peak": peak} | figures, sys.stdout)
    print(flush=True)
