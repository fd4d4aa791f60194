"""The demo's past: fetches bars by the producer's own backfill, in the background of a demo that runs.

    python history.py [--stay] COMMAND...     COMMAND starts the producer: `stock-producer`

It needs a state directory and a key of its own, because the producer holds its own meanwhile. It gives way
to everything else on the machine. It imports nothing of ours: compose mounts it into the producer's image.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

STEPS = (("daily", "365d"), ("5min", "5d"), ("1min", "1d"))
"""Interval and first day of each backfill: what the ranges of the pages show."""
GROUP = 10
"""Symbols whose bars are all fetched before those of the next ones: the first charts are soon whole."""
NICE = 10


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    """A backfill that is under way ends with us. The next one goes on with what is missing."""
    os.killpg(0, signal.SIGKILL)
    sys.exit(1)


def _backfill(command: Sequence[str], symbols: str, interval: str, first: str) -> int:
    options = ("backfill", "--symbols", symbols, "--interval", interval, "--from", first)
    return subprocess.run([*command, *options], check=False).returncode


def main() -> int:
    """0 where everything was fetched. What was not is in the log, and the next start fetches it."""
    parser = argparse.ArgumentParser(description="Fetches the demo's past.")
    parser.add_argument("--stay", action="store_true", help="wait for SIGTERM at the end")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, _end)
    os.nice(NICE)
    symbols = os.environ["SYMBOLS"].split(",")
    groups = [",".join(symbols[start : start + GROUP]) for start in range(0, len(symbols), GROUP)]
    codes = [_backfill(options.command, group, *step) for group in groups for step in STEPS]
    if options.stay:
        signal.pause()
    return max(codes, default=0)


if __name__ == "__main__":
    sys.exit(main())
