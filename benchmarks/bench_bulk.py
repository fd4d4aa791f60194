"""Symbols by bulk, every few seconds: how long a quote takes from its answer to Kafka, and the memory of the producer.

    make bench-bulk                                             500 symbols every 5 s for 10 minutes
    make bench-bulk ARGS="--minutes 1 --symbols 200"
    make bench-bulk ARGS="--calendar XLON"                      by an exchange's hours, while it trades: with the calendars in memory

The time of a quote is from `fetched_at`, when the vendor's answer was there, to the broker's own time of the record (LogAppendTime), both
of this machine's clock: parsing, alert rules, the outbox's fsync and the way to Kafka are in it, the vendor's own time is not. Memory is the
process's largest resident set. Exit code 1 when the 99th percentile or the memory is over its limit, or quotes are missing.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition
from figures import machine, percentile, table

from stock_common.deadline import Deadline
from stock_common.records import Quote, decode
from stock_common.topics import QUOTES
from stock_stack.ports import HOST, free
from stock_stack.site import Site
from stock_stack.stack import Stack

LIMIT_MS = 100.0
LIMIT_MB = 150.0
READ_SECONDS = 120.0
BULK = 100
SLACK_ROUNDS = 2
"""Rounds that may be missing: the producer's start, and the one under way at the end."""


def milliseconds(site: Site) -> tuple[list[float], Counter[str]]:
    """The time of each quote in the topic, and the quotes of each symbol. Raises TimeoutError when they cannot be read."""
    consumer = Consumer({"bootstrap.servers": f"{HOST}:{site.ports['kafka']}", "group.id": "bench-bulk", "enable.auto.commit": False})
    times: list[float] = []
    symbols: Counter[str] = Counter()
    deadline = Deadline(READ_SECONDS)
    try:
        places = [TopicPartition(QUOTES.name, partition, 0) for partition in range(QUOTES.partitions)]
        left = sum(consumer.get_watermark_offsets(place, timeout=10)[1] for place in places)
        consumer.assign(places)
        while left:
            if deadline.passed:
                raise TimeoutError(f"{left} quotes could not be read in {READ_SECONDS:.0f} s")
            for message in consumer.consume(1_000, 1.0):
                quote = decode(message.value() or b"", Quote)
                times.append(message.timestamp()[1] - quote.fetched_at.timestamp() * 1_000)
                symbols[quote.symbol] += 1
                left -= 1
        return times, symbols
    finally:
        consumer.close()


def megabytes(pid: int) -> float:
    """The largest resident set that the process has had."""
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1_024


def warm(site: Site, symbols: Sequence[str]) -> None:
    """Has the look-alike make its day of each symbol: that takes a processor for seconds, and the vendor's market is there already."""
    for at in range(0, len(symbols), BULK):
        url = site.url("market", f"/query?function=REALTIME_BULK_QUOTES&apikey=warm-up&symbol={','.join(symbols[at : at + BULK])}")
        urllib.request.urlopen(url, timeout=60).close()  # noqa: S310 (our own)
        time.sleep(0.3)


def run(data: Path, symbols: Sequence[str], interval: float, minutes: float, calendar: str) -> tuple[list[float], Counter[str], float]:
    """The times, the quotes by symbol, and the memory."""
    variables = {
        "SYMBOLS": ",".join(symbols),
        "POLL_INTERVAL_SECONDS": str(interval),
        "MARKET_CALENDAR": calendar,
        "ALERT_MOVE_PERCENT": "5",
    }
    site = Site(data, free(), variables)
    with Stack(site) as stack:
        stack.start("market", "topics")
        warm(site, symbols)
        stack.start("producer")
        end = time.monotonic() + minutes * 60
        while time.monotonic() < end:
            stack.check()
            time.sleep(1)
        memory = megabytes(stack.pid("producer"))
        stack.stop("producer")
        return *milliseconds(site), memory


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
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
    print(f"{options.symbols} symbols by bulk every {options.interval:g} s for {options.minutes:g} minutes, calendar {options.calendar}\n")
    headings = ("quotes", "fewest of a symbol", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms", "max ms", "producer, MB")
    row = (f"{len(times):,}", f"{fewest} of {rounds:.0f}", *(f"{share:.1f}" for share in shares), f"{memory:.0f}")
    print(table(headings, [row, ("limit", "", "", "", f"{LIMIT_MS:.0f}", "", "", f"{LIMIT_MB:.0f}")]))
    return 0 if shares[2] < LIMIT_MS and memory < LIMIT_MB and fewest >= rounds - SLACK_ROUNDS else 1


if __name__ == "__main__":
    raise SystemExit(main())
