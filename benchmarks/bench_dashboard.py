"""The dashboard over a large warehouse: time to first content, and memory over an hour with five viewers.

    make bench-dashboard                                                        10 million quotes, ten runs
    make bench-dashboard ARGS="--quotes 1000000 --days 25 --runs 3"             smaller
    make bench-dashboard ARGS="--quotes 0 --minutes 60"                         only the memory, an hour

Limits (medians): Live 1.5 s, Symbol 1D 2 s, Symbol 1Y 3 s. Memory grows by less than --growth MiB an hour
after the first sixth of the time. Exit code 1 when one is missed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from benchmarks import dashboard_memory, dashboard_pages
from benchmarks.report import machine


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="bench_dashboard", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quotes",
        type=int,
        default=10_000_000,
        help="quotes in the warehouse, 0: no page is timed (default %(default)s)",
    )
    parser.add_argument(
        "--symbols", type=int, default=100, help="their symbols, at least 20 (default %(default)s)"
    )
    parser.add_argument("--days", type=int, default=252, help="their weekdays (default %(default)s: a year)")
    parser.add_argument(
        "--runs", type=int, default=10, help="times that each page is opened (default %(default)s)"
    )
    parser.add_argument(
        "--minutes", type=float, default=0, help="how long the memory is watched, 0: not at all (default)"
    )
    parser.add_argument("--viewers", type=int, default=5, help="open tabs meanwhile (default %(default)s)")
    parser.add_argument(
        "--growth", type=float, default=10, help="MiB an hour that memory may grow by (default %(default)s)"
    )
    chosen = parser.parse_args(arguments)
    print(machine())
    good = True
    if chosen.quotes:
        text, good = dashboard_pages.report(chosen.quotes, chosen.symbols, chosen.days, chosen.runs, say)
        print(f"\n## First picture\n\n{text}", flush=True)
    if chosen.minutes:
        text, flat = dashboard_memory.report(chosen.minutes, chosen.viewers, chosen.growth, say)
        good = good and flat
        print(f"\n## Memory\n\n{text}", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
