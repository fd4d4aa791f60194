"""Ends what a starter leaves behind: reads `+GROUP` and `-GROUP` lines from the starter, and at their end kills the groups left.

A script on its own (`python -I -S watchdog.py`) in a session of its own. The lines end when the starter closes the pipe or dies, by
SIGKILL too. Its signals are ignored, so that a Ctrl-C for the starter does not end the one that cleans up after it.
"""

from __future__ import annotations

import os
import signal
import sys


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        change, group = line[0], int(line[1:])
        if change == "+":
            groups.add(group)
        else:
            groups.discard(group)
    for group in groups:
        try:
            os.killpg(group, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue


if __name__ == "__main__":
    main()
