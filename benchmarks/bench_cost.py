"""What the pipeline uses of what is paid for: calls, S3 requests by verb, bytes, and seconds that a warehouse would be awake.

    make bench-cost                                    five minutes open, five closed, flush and load every 60 s
    make bench-cost ARGS="--minutes 2 --load 30"

Each service reaches the S3 server and the local Snowflake through a relay of its own, which counts. First the market is open (100 symbols
every 5 s), then it is closed (the calendar of an exchange that is closed now), each for so many minutes once the change has come through.
Targets: no more than one PUT a partition and flush age; no statement to the warehouse while the market is closed.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from figures import machine, table
from wiretap import Request, Wiretap

from stock_stack.ports import free
from stock_stack.services import NEEDS
from stock_stack.site import SYMBOLS, Site
from stock_stack.stack import Stack

AUTO_SUSPEND_SECONDS = 60
"""The warehouse's setting; it is billed until then (docs/cost.md)."""
CLOSED_AT = {True: "XTKS", False: "XNYS"}
"""Is it 12 to 22 UTC? → an exchange that is closed now. Tokyo trades from 0 to 6 UTC, New York between 13:30 and 21."""
USERS = ("s3-sink", "sf-loader", "auditor", "dashboard")
QUERY = "/queries/v1/query-request"


def verb(request: Request) -> str:
    """PUT, GET, HEAD, DELETE, or LIST for a GET with list-type."""
    return "LIST" if request.verb == "GET" and "list-type" in parse_qs(urlsplit(request.target).query) else request.verb


def awake(times: list[float], begun: float, end: float) -> float:
    """Seconds of [begun, end] in which a warehouse with these statements is awake: each keeps it so for AUTO_SUSPEND_SECONDS."""
    seconds, until = 0.0, begun
    for at in sorted(times):
        seconds += max(0.0, min(at + AUTO_SUSPEND_SECONDS, end) - max(at, until))
        until = max(until, min(at + AUTO_SUSPEND_SECONDS, end))
    return seconds


class Meters:
    """Two relays a service: to the S3 server and to the local Snowflake."""

    def __init__(self, stack: Stack) -> None:
        ports = stack.site.ports
        self.s3 = {name: Wiretap(ports["s3"]) for name in USERS}
        self.warehouse = {name: Wiretap(ports["snowflake"]) for name in USERS}

    def environment(self, name: str) -> dict[str, str]:
        if name not in USERS:
            return {}
        return {"S3_ENDPOINT_URL": self.s3[name].url, "SNOWFLAKE_PORT": str(self.warehouse[name].port)}

    def rows(self, phase: str, begun: float, end: float, up: dict[str, int]) -> list[tuple[object, ...]]:
        """(phase, service, PUT, LIST, HEAD, GET, DELETE, bytes to S3, statements, seconds awake) of the time from `begun` to `end`."""
        found: list[tuple[object, ...]] = []
        for name in USERS:
            verbs = Counter(verb(request) for request in self.s3[name].requests if begun <= request.at < end)
            statements = [r.at for r in self.warehouse[name].requests if begun <= r.at < end and r.target.startswith(QUERY)]
            sent = self.s3[name].bytes_up - up[name]
            counts = (verbs[kind] for kind in ("PUT", "LIST", "HEAD", "GET", "DELETE"))
            found.append((phase, name, *counts, f"{sent:,}", len(statements), f"{awake(statements, begun, end):.0f}"))
        return found

    def close(self) -> None:
        for tap in (*self.s3.values(), *self.warehouse.values()):
            tap.close()


def phase(stack: Stack, meters: Meters, name: str, minutes: float) -> list[tuple[object, ...]]:
    begun, up = time.monotonic(), {user: meters.s3[user].bytes_up for user in USERS}
    while time.monotonic() < begun + minutes * 60:
        stack.check()
        time.sleep(1)
    return meters.rows(name, begun, time.monotonic(), up)


def measure(data: Path, minutes: float, flush: int, load: int, symbols: int) -> list[tuple[object, ...]]:
    watched = ",".join(SYMBOLS.read_text().split()[:symbols])
    settings = {"FLUSH_SECONDS": str(flush), "LOAD_INTERVAL_SECONDS": str(load), "AUDIT_INTERVAL_SECONDS": "60", "SYMBOLS": watched}
    # The relays go last: a service that stops still speaks to its servers.
    with ExitStack() as relays, Stack(Site(data, free(), settings), print) as stack:
        stack.start("topics", "bucket", "migrations")
        meters = relays.enter_context(closing(Meters(stack)))
        for name in NEEDS:
            stack.start(name, environment=meters.environment(name))
        settle = 2 * flush + load + 30
        print(f"open: {settle} s to settle, then {minutes:g} min", flush=True)
        phase(stack, meters, "", settle / 60)
        rows = phase(stack, meters, "open", minutes)
        stack.stop("producer")
        stack.start("producer", environment={"MARKET_CALENDAR": CLOSED_AT[12 <= datetime.now(UTC).hour < 22]})
        print(f"closed: {settle + load} s to settle, then {minutes:g} min", flush=True)
        phase(stack, meters, "", (settle + load) / 60)
        rows += phase(stack, meters, "closed", minutes)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5, help="of each phase (5)")
    parser.add_argument("--flush", type=int, default=60, help="FLUSH_SECONDS (60)")
    parser.add_argument("--load", type=int, default=60, help="LOAD_INTERVAL_SECONDS (60)")
    parser.add_argument("--symbols", type=int, default=100, help="(100)")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as data:
        rows = measure(Path(data), chosen.minutes, chosen.flush, chosen.load, chosen.symbols)
    print(f"\n{machine()}; {chosen.symbols} symbols every 5 s")
    print(f"flush {chosen.flush} s, load {chosen.load} s, audit 60 s; {chosen.minutes:g} min each\n")
    headings = ("market", "service", "PUT", "LIST", "HEAD", "GET", "DELETE", "bytes to S3", "statements", "warehouse s")
    print(table(headings, rows))


if __name__ == "__main__":
    main()
