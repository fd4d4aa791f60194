"""Searches schedules for one that breaks the guarantee, and tells the story of each that does.

python -m tests.simulation --schedules 1000000 --seed 1 --processes 2
python -m tests.simulation --replay 4711
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import islice

from .schedule import WORLDS, numbers
from .verdict import Broken, search, tell

SHOWN = 5
"""So many are shown. More would be of the same cause."""
PART = 2_000
"""Schedules that a process takes at once."""


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--schedules", type=int, default=10_000, help="how many (default 10,000)")
    parser.add_argument("--seed", type=int, default=1, help="the number of the first (default 1)")
    parser.add_argument("--processes", type=int, default=1, help="how many search (default 1)")
    parser.add_argument("--first", action="store_true", help="end with the first that breaks something")
    parser.add_argument("--world", choices=WORLDS, default="all", help="only schedules of this world")
    parser.add_argument("--replay", type=int, metavar="SEED", help="tell the story of this one")
    return parser.parse_args(arguments)


def search_part(seeds: Sequence[int], most: int) -> list[Broken]:
    return list(islice(search(seeds), most))


def search_all(options: argparse.Namespace) -> list[Broken]:
    most = 1 if options.first else SHOWN
    seeds = list(numbers(options.seed, options.schedules, options.world))
    if options.processes == 1:
        return search_part(seeds, most)
    cut = [seeds[start : start + PART] for start in range(0, len(seeds), PART)]
    with ProcessPoolExecutor(options.processes) as pool:
        parts = pool.map(search_part, cut, [most] * len(cut))
        return [broken for part in parts for broken in part]


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    if options.replay is not None:
        print(tell(options.replay))
        return 0
    begun = time.monotonic()
    found = search_all(options)
    for broken in found[: 1 if options.first else SHOWN]:
        print(f"schedule {broken.seed} breaks the guarantee: {broken.text}")
        if not options.first:
            print(tell(broken.seed))
    seconds = time.monotonic() - begun
    print(f"{options.schedules} schedules from {options.seed} on, {seconds:.0f} s: {len(found)} violations")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
