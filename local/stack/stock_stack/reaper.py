"""Kills the process groups of a starter that has ended.

It reads the lines `+GROUP` and `-GROUP` from the starter. The lines end when the starter closes the pipe or
dies, by SIGKILL too. Then the reaper kills the groups that are left.

A script without imports of ours (`python -I -S reaper.py`), in another session than the starter. It ignores
signals, so that a Ctrl-C for the starter does not end the process that cleans up after it.
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
