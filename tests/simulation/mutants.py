"""Runs every mutant and writes what became of each into docs/guarantee.md: `make mutants`."""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .mutant import ROOT, Killed, Mutant, kill

MUTANTS = [
    Mutant(**each)
    for each in tomllib.loads(Path(__file__).with_name("mutants.toml").read_text(encoding="utf-8"))["mutant"]
]
SCHEDULES = 100_000
PAGE = ROOT / "docs" / "guarantee.md"
TABLE = re.compile(r"(<!-- mutants begin -->\n).*?(<!-- mutants end -->)", re.DOTALL)


def row(mutant: Mutant, killed: Killed, tried: int) -> str:
    where = f"[{Path(mutant.path).name}](../{mutant.path})"
    if killed.schedules:
        return f"| {mutant.name} | {where} | {killed.schedules:,} |"
    why = f". {mutant.survives}" if mutant.survives else ""
    return f"| {mutant.name} | {where} | not in {tried:,}{why} |"


def table(killed: Sequence[Killed], tried: int) -> str:
    rows = [row(mutant, each, tried) for mutant, each in zip(MUTANTS, killed, strict=True)]
    return "\n".join(
        ["", "| What is broken | File | Schedules until it is found |", "|---|---|---|", *rows, "", ""]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedules", type=int, default=SCHEDULES, help="at most, for each mutant")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--only", default="", help="mutants whose names begin with this pattern; writes nothing"
    )
    options = parser.parse_args(arguments)
    chosen = [mutant for mutant in MUTANTS if re.match(options.only, mutant.name)]

    def run(mutant: Mutant) -> Killed:
        killed = kill(mutant, options.schedules)
        print(f"{mutant.name}: {killed.schedules or 'survives'} {killed.text[:100]}", flush=True)
        return killed

    with ThreadPoolExecutor(options.processes) as pool:
        killed = list(pool.map(run, chosen))
    if not options.only:
        text = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(
            TABLE.sub(lambda found: found[1] + table(killed, options.schedules) + found[2], text),
            encoding="utf-8",
        )
    wrong = [
        each.name
        for each, one in zip(chosen, killed, strict=True)
        if bool(one.schedules) == bool(each.survives)
    ]
    print(
        f"{len(chosen)} mutants, {sum(bool(one.schedules) for one in killed)} found, not as expected: {wrong}"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
