"""Shared by the cycles: timing one with its calls, and putting a new link for it to find."""

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

FAKE_S3, BUCKET = os.environ["S3_ENDPOINT_URL"], os.environ["S3_BUCKET"]
SIZE, RUNS = int(os.environ["GROWTH_SIZE"]), int(os.environ["GROWTH_RUNS"])
SECONDS = 30
SENT: Counter[str] = Counter()
"""Statements to the warehouse since the last printed line."""


def calls() -> dict[str, float]:
    """S3 calls since the last `calls()`, and the seconds that the server took for them."""
    with urllib.request.urlopen(f"{FAKE_S3}/calls", timeout=SECONDS) as answer:  # noqa: S310 - loopback
        return ast.literal_eval(answer.read().decode())


def put(of: Link) -> None:
    headers = {f"x-amz-meta-{name}": value for name, value in of.metadata().items()}
    url = f"{FAKE_S3}/{BUCKET}/{of.key}"
    request = urllib.request.Request(url, b"", headers, method="PUT")  # noqa: S310 - loopback
    urllib.request.urlopen(request, timeout=SECONDS).close()  # noqa: S310


def measure(
    what: str, cycle: Callable[[], Any], before: Callable[[int], None] = lambda run: None, runs: int = RUNS
) -> None:
    """Prints a line of JSON for each run of `cycle`."""
    for run in range(runs):
        before(run)
        calls()
        SENT.clear()
        begun = time.perf_counter()
        cycle()
        show(what, time.perf_counter() - begun, calls())


def show(what: str, seconds: float, made: Mapping[str, float]) -> None:
    """Prints one run without the fake server's seconds.

    `peak` is the process's largest memory so far, in MB.
    """
    figures = {
        "seconds": max(0.0, seconds - made.get("seconds", 0.0)),
        "LIST": made.get("LIST", 0),
        "HEAD": made.get("HEAD", 0),
    }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    json.dump({"what": what, "statements": SENT["statements"], "peak": peak} | figures, sys.stdout)
    print(flush=True)
