"""Runs a command that dies with the process that started it: `parent_death.py PARENT COMMAND...`.

A script without imports of ours (`python -I -S parent_death.py`), so that it costs milliseconds. It asks
Linux for SIGKILL at the parent's death, then becomes the command. The kernel sends the signal when the
parent's
*thread* ends, so processes are started from the main thread. Other systems know no such request. There the
reaper (reaper.py) ends the processes.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def ask_kernel() -> None:
    """Asks for SIGKILL at the parent's death, where the system has `prctl`."""
    try:
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    except (AttributeError, OSError):
        return


def main() -> None:
    parent, command = int(sys.argv[1]), sys.argv[2:]
    ask_kernel()
    # The parent may have ended before the request was made.
    if os.getppid() != parent:
        sys.exit(f"the process that started {command[0]} has ended")
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"cannot run {command[0]}: {error.strerror}")


if __name__ == "__main__":
    main()
