"""A simulated year of the producer's scheduler, with New York's calendar and the market look-alike's limits.

    make bench-producer_year                                      all plans × 1, 25, 100, 500 symbols
    make bench-producer_year ARGS="--plans free,75 --symbols 25 --days 60 --full 2"

Closed days and nights are simulated completely. Of each session the first and the last --edge minutes are
simulated, and --full sessions, spread over the year, from end to end. Prints a table. Exit code 1 when a call
broke a limit or was made on a closed day, or when the budget was not used although more calls would have
brought fresher data.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import timedelta

from benchmarks.report import machine
from benchmarks.simulated_year import START, Row, Year, windows
from stock_producer.vendor.alphavantage.plans import PLANS

HEADINGS = (
    "plan",
    "symbols",
    "calls",
    "over a limit",
    "on closed days",
    "budget used",
    "largest age",
    "plan says",
    "",
)
WIDTHS = (4, 7, 10, 12, 14, 11, 13, 13, 6)


def line(cells: Sequence[str]) -> str:
    """A row of a Markdown table, printed before the next one is computed."""
    return "| " + " | ".join(cell.rjust(width) for cell, width in zip(cells, WIDTHS, strict=True)) + " |"


def show(row: Row) -> str:
    use = "-" if row.use is None else f"{row.use:.1%}"
    age, stated = f"{row.age:.4g} {row.unit}", f"{row.stated:.4g} {row.unit}"
    return line(
        (
            row.plan,
            str(row.symbols),
            f"{row.calls:,}",
            str(row.over),
            str(row.closed),
            use,
            age,
            stated,
            "ok" if row.good else "NOT OK",
        )
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--plans", default=",".join(PLANS))
    parser.add_argument("--symbols", default="1,25,100,500")
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--edge", type=int, default=1, help="minutes at both ends of each session")
    parser.add_argument("--full", type=int, default=2, help="sessions that are simulated from end to end")
    options = parser.parse_args()
    end = START + timedelta(days=options.days)
    sessions = windows(START, end)
    opens = [window.opens for window in sessions if START < window.opens < end]
    whole = set(opens[:: max(1, len(opens) // options.full)][: options.full]) if options.full else set()
    print(f"{machine()}, {options.days} days, {len(opens)} sessions, {len(whole)} of them from end to end\n")
    print(line(HEADINGS), "|" + "|".join("-" * (width + 2) for width in WIDTHS) + "|", sep="\n")
    good = True
    for name in options.plans.split(","):
        for count in map(int, options.symbols.split(",")):
            row = Year(PLANS[name], count, sessions, timedelta(minutes=options.edge), whole).row(end)
            print(show(row), flush=True)
            good = good and row.good
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
