"""What the pipeline uses of paid services: calls, S3 requests, bytes, and a warehouse's awake seconds.

    make bench-cost                                    about 14 minutes: flush each 30 s, load each 120 s
    make bench-cost ARGS="--minutes 2 --flush 15 --load 30"

Each service reaches the S3 server, the local Snowflake and the market through its own proxy, which counts.
First the market is open (100 symbols every 5 s). Then it is closed (the calendar is that of an exchange that
is closed now). Each phase begins when the change has reached every service.
Targets: at most one PUT a partition and flush age, no statement to the warehouse while the market is closed,
and no more LISTs than infra/usage.py counts. Exit code 1 when one is missed.
"""

from __future__ import annotations

import argparse
import math
import re
import tempfile
from collections import Counter
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from benchmarks.meters import USERS, Meters, Phase
from benchmarks.report import machine, table
from infra import usage
from stock_stack.layout import SYMBOLS, Layout
from stock_stack.ports import free
from stock_stack.services import SERVICES
from stock_stack.stack import Stack

CLOSED_AT = {True: "XTKS", False: "XNYS"}
"""Whether it is 12 to 22 UTC → a closed exchange. Tokyo trades from 0 to 6 UTC, New York from 13:30 to 21."""
VERBS = ("PUT", "LIST", "HEAD", "GET", "DELETE")
PARTITION = re.compile(r"raw/([^/]+)/[^/]+/partition=(\d+)/")


class Cadence(NamedTuple):
    """Seconds between flushes and between loads, minutes of each phase, symbols that are fetched every 5 s.

    settle: whether each phase begins only when the change has reached every service.
    """

    flush: int
    load: int
    minutes: float
    symbols: int
    settle: bool = True


def awake(times: list[float], begun: float, end: float) -> float:
    """Seconds of [begun, end] in which a warehouse is awake: from each statement until it suspends itself."""
    seconds, until = 0.0, begun
    for at in sorted(times):
        seconds += max(0.0, min(at + usage.AUTO_SUSPEND_SECONDS, end) - max(at, until))
        until = max(until, min(at + usage.AUTO_SUSPEND_SECONDS, end))
    return seconds


def measure(data: Path, cadence: Cadence) -> tuple[Phase, Phase]:
    """The market open, then closed."""
    flush, load = cadence.flush, cadence.load
    watched = ",".join(SYMBOLS.read_text().split()[: cadence.symbols])
    settings = {
        "FLUSH_SECONDS": str(flush),
        "LOAD_INTERVAL_SECONDS": str(load),
        "AUDIT_INTERVAL_SECONDS": "60",
        "SYMBOLS": watched,
    }
    # The proxies close last: a service that stops still talks to its servers.
    with ExitStack() as proxies, Stack(Layout(data, free(), settings), print) as stack:
        stack.start("topics", "bucket", "migrations", "market")
        meters = proxies.enter_context(closing(Meters(stack)))
        for name in SERVICES:
            stack.start(name, environment=meters.environment(name))
        meters.phase(stack, "", 2 * flush + load + 30 if cadence.settle else load)
        opened = meters.phase(stack, "open", cadence.minutes * 60)
        stack.stop("producer")
        calendar = {"MARKET_CALENDAR": CLOSED_AT[12 <= datetime.now(UTC).hour < 22]}
        stack.start("producer", environment=meters.environment("producer") | calendar)
        # Meanwhile the last quotes are loaded, and the auditor has audited that load.
        meters.phase(stack, "", 2 * flush + load + 70 if cadence.settle else load)
        return opened, meters.phase(stack, "closed", cadence.minutes * 60)


def busiest(phase: Phase) -> int:
    """The most PUTs that a partition had."""
    puts = (
        PARTITION.search(unquote(request.target)) for request in phase.s3["s3-sink"] if request.verb == "PUT"
    )
    return max(Counter(match[0] for match in puts if match).values(), default=0)


def allowed(phase: Phase, cadence: Cadence) -> dict[str, float]:
    """The most LISTs of a phase by infra/usage.py: of the loader and of the auditor."""
    cycles = math.ceil(phase.seconds / cadence.load) + 1
    audits = math.ceil(phase.seconds / usage.AUDIT_SECONDS) + 1
    rest = math.ceil(phase.seconds / usage.REST_SECONDS) * usage.CHAINS
    if phase.name == "closed":
        return {"sf-loader": cycles * usage.LOADER_LISTS, "auditor": rest}
    moving = usage.CHAINS  # Alerts come at any time.
    after = cycles * (moving + usage.FIND_LISTS + usage.STEP_LISTS)
    return {"sf-loader": cycles * usage.LOADER_LISTS, "auditor": audits * moving + after + rest}


def targets(opened: Phase, closed: Phase, cadence: Cadence) -> list[tuple[str, str, str, bool]]:
    """(what, limit, reached, met)."""
    # One more for the phase's ends, and one for an hour that begins in it.
    most = math.ceil(opened.seconds / cadence.flush) + 2
    rows = [
        ("PUTs of one partition, open", f"{most}", f"{busiest(opened)}", busiest(opened) <= most),
        ("PUTs, closed", "0", f"{closed.count('s3-sink', 'PUT')}", not closed.count("s3-sink", "PUT")),
        ("statements, closed", "0", f"{len(closed.asked)}", not closed.asked),
    ]
    for phase in (opened, closed):
        for name, limit in allowed(phase, cadence).items():
            reached = phase.count(name, "LIST")
            rows.append((f"LISTs of {name}, {phase.name}", f"{limit:.0f}", f"{reached}", reached <= limit))
    return rows


def report(opened: Phase, closed: Phase, cadence: Cadence) -> tuple[str, bool]:
    """As Markdown, and whether every target is met."""
    rows: list[tuple[object, ...]] = []
    for phase in (opened, closed):
        rows.append((phase.name, "producer", phase.calls, *[""] * (len(VERBS) + 3)))
        for name in USERS:
            times = phase.statements[name]
            counts = (phase.count(name, kind) for kind in VERBS)
            rows.append(
                (
                    phase.name,
                    name,
                    "",
                    *counts,
                    f"{phase.sent[name]:,}",
                    len(times),
                    f"{awake(times, phase.begun, phase.end):.0f}",
                )
            )
    used = table(("market", "service", "calls", *VERBS, "bytes to S3", "statements", "warehouse s"), rows)
    judged = targets(opened, closed, cadence)
    verdicts = table(
        ("what", "limit", "reached", ""), [(*row[:3], "met" if row[3] else "missed") for row in judged]
    )
    together = awake(opened.asked, opened.begun, opened.end)
    text = (
        f"{machine()}, {cadence.symbols} symbols every 5 s, flush {cadence.flush} s, load {cadence.load} s, "
        f"audit 60 s, {cadence.minutes:g} minutes each.\n\n{used}\n\n"
        f"A warehouse shared by all would have been awake for {together:.0f} of {opened.seconds:.0f} s open, "
        f"and for {awake(closed.asked, closed.begun, closed.end):.0f} s closed.\n\n{verdicts}"
    )
    return text, all(row[3] for row in judged)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="bench_cost", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=4, help="of each phase (4)")
    parser.add_argument("--flush", type=int, default=30, help="FLUSH_SECONDS (30)")
    parser.add_argument("--load", type=int, default=120, help="LOAD_INTERVAL_SECONDS (120)")
    parser.add_argument("--symbols", type=int, default=100, help="(100)")
    chosen = parser.parse_args()
    cadence = Cadence(chosen.flush, chosen.load, chosen.minutes, chosen.symbols)
    with tempfile.TemporaryDirectory(prefix="cost-") as data:
        text, met = report(*measure(Path(data), cadence), cadence)
    print(f"\n{text}")
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())
