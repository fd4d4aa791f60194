"""A simulated year of the whole producer with a vendor that fails, on machines that are off at night.

    make bench-failing_vendor                                     all plans × sizes × machines, and each start
    make bench-failing_vendor ARGS="--plans free --symbols 12 --days 60 --starts 20"

5 % of the calls time out, 1 % bring HTML, 1 % a text of the corpus. Each session's bars are published up to
4.5 hours after the close. A laptop is on from 08:00 to 18:00 on weekdays. What is published at 08:00 has to
be held at 12:00. Of an open market two minutes are simulated at both ends and after each start. Prints a
table. Exit code 1 when a call broke a limit, was made on a closed day although everything was held, or when
a bar was late or never came.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import structlog
from support.lives import LAPTOPS, SERVER, Row, live

from benchmarks.report import machine as this_machine

HEADINGS = (
    "plan", "symbols", "machine", "starts", "days", "calls", "over a limit", "wasted", "late", "gaps",
)  # fmt: skip
FIRST = date(2026, 1, 2)
SIZES = {"free": (1, 12, 15, 25, 100), "75": (1, 25, 100), "150": (1, 100), "1200": (1, 100)}
"""Plan → symbols. The plans from 150 to 1200 differ in their limits only, and 100 symbols are one call."""
START_DAYS = 4
"""So many days are simulated from each start on."""


def cells(row: Row, starts: int, days: int) -> tuple[str, ...]:
    figures = (starts, days, row.calls, row.over, row.wasted, row.late, row.gaps)
    shown = (f"{figure:,}" for figure in figures)
    return (row.plan, str(row.symbols), row.machine, *shown, "ok" if row.good else "NOT OK")


def rows(options: argparse.Namespace, path: Path) -> Iterator[tuple[Row, int, int]]:
    """Each row with its number of starts and its days."""
    sizes = tuple(map(int, options.symbols.split(","))) if options.symbols else None
    for plan in options.plans.split(","):
        for count in sizes or SIZES[plan]:
            for machine in (SERVER, *LAPTOPS):
                yield live(path, plan, count, machine, [FIRST], options.days), 1, options.days
    starts = [FIRST + timedelta(number) for number in range(options.starts)]
    for machine in (SERVER, *LAPTOPS) if starts else ():
        yield live(path, "free", 5, machine, starts, START_DAYS), len(starts), START_DAYS


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--plans", default=",".join(SIZES))
    parser.add_argument("--symbols", help="default: by plan")
    parser.add_argument("--days", type=int, default=360)
    parser.add_argument("--starts", type=int, default=360, help="first starts, one on each day of the year")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    print(f"{this_machine()}\n")
    print("| " + " | ".join([*HEADINGS, ""]) + " |", "|" + "---|" * (len(HEADINGS) + 1), sep="\n")
    good = True
    with tempfile.TemporaryDirectory() as folder:
        for row, starts, days in rows(options, Path(folder)):
            print("| " + " | ".join(cells(row, starts, days)) + " |", flush=True)
            good = good and row.good
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
