"""Symbols by bulk, every few seconds: a quote's time from the answer to Kafka, and the producer's memory.

    make bench-bulk                                        500 symbols every 5 s for 10 minutes
    make bench-bulk ARGS="--minutes 1 --symbols 200"
    make bench-bulk ARGS="--calendar XLON"               in an exchange's hours, with calendars in memory

A quote's time is from `fetched_at`, when the vendor's answer arrived, to the broker's time of the record
(LogAppendTime). Both are of this machine's clock. It includes parsing, alert rules, the outbox's fsync and
the way to Kafka. It does not include the vendor's time. Memory is the process's largest resident set.
Exit code 1 when the 99th percentile or the memory is over its limit, or quotes are missing.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import machine, percentile, table
from stock_common.records import Quote, decode
from stock_common.topics import QUOTES
from stock_stack.layout import Layout
from stock_stack.ports import HOST, free
from stock_stack.stack import Stack
from stock_testing.messages import read

LIMIT_MS = 100.0
LIMIT_MB = 150.0
BULK = 100
SLACK_ROUNDS = 2
"""Rounds that may be missing: at the producer's start, and the last one."""


def milliseconds(layout: Layout) -> tuple[list[float], Counter[str]]:
    """The time of each quote in the topic, and the number of each symbol's quotes.

    Raises TimeoutError when they cannot be read.
    """
    times: list[float] = []
    symbols: Counter[str] = Counter()
    for message in read(f"{HOST}:{layout.ports['kafka']}", QUOTES):
        quote = decode(message.value() or b"", Quote)
        times.append(message.timestamp()[1] - quote.fetched_at.timestamp() * 1_000)
        symbols[quote.symbol] += 1
    return times, symbols


def megabytes(pid: int) -> float:
    """The largest resident set of the process so far."""
    [line] = [
        line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM:")
    ]
    return int(line.split()[1]) / 1_024


def warm(layout: Layout, symbols: Sequence[str]) -> None:
    """Asks the market look-alike for each symbol once, so that it computes their day before the measurement.

    That takes a processor for seconds. The real vendor has its day already.
    """
    for at in range(0, len(symbols), BULK):
        url = layout.url(
            "market",
            f"/query?function=REALTIME_BULK_QUOTES&apikey=warm-up&symbol={','.join(symbols[at : at + BULK])}",
        )
        urllib.request.urlopen(url, timeout=60).close()  # noqa: S310 (our own)
        time.sleep(0.3)


def run(
    data: Path, symbols: Sequence[str], interval: float, minutes: float, calendar: str
) -> tuple[list[float], Counter[str], float]:
    """The times, the quotes by symbol, and the memory."""
    variables = {
        "SYMBOLS": ",".join(symbols),
        "POLL_INTERVAL_SECONDS": str(interval),
        "MARKET_CALENDAR": calendar,
        "ALERT_MOVE_PERCENT": "5",
    }
    layout = Layout(data, free(), variables)
    with Stack(layout) as stack:
        stack.start("market", "topics")
        warm(layout, symbols)
        stack.start("producer")
        end = time.monotonic() + minutes * 60
        while time.monotonic() < end:
            stack.check()
            time.sleep(1)
        memory = megabytes(stack.pid("producer"))
        stack.stop("producer")
        return *milliseconds(layout), memory


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--symbols", type=int, default=500)
    parser.add_argument("--interval", type=float, default=5.0, help="seconds between two quotes of a symbol")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--calendar", default="24/7")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-bulk-") as data:
        symbols = [f"S{number}" for number in range(options.symbols)]
        times, counts, memory = run(Path(data), symbols, options.interval, options.minutes, options.calendar)
    rounds = options.minutes * 60 / options.interval
    fewest = min(counts[symbol] for symbol in symbols)
    shares = [percentile(times, share) for share in (0.5, 0.9, 0.99, 0.999, 1.0)]
    print(machine())
    print(
        f"{options.symbols} symbols by bulk every {options.interval:g} s for {options.minutes:g} minutes,"
        f" calendar {options.calendar}\n"
    )
    headings = (
        "quotes",
        "fewest of a symbol",
        "p50 ms",
        "p90 ms",
        "p99 ms",
        "p99.9 ms",
        "max ms",
        "producer, MB",
    )
    row = (
        f"{len(times):,}",
        f"{fewest} of {rounds:.0f}",
        *(f"{share:.1f}" for share in shares),
        f"{memory:.0f}",
    )
    print(table(headings, [row, ("limit", "", "", "", f"{LIMIT_MS:.0f}", "", "", f"{LIMIT_MB:.0f}")]))
    return 0 if shares[2] < LIMIT_MS and memory < LIMIT_MB and fewest >= rounds - SLACK_ROUNDS else 1


if __name__ == "__main__":
    raise SystemExit(main())
