"""Runs a command that dies with the process that started it: `leash.py PARENT COMMAND...`.

A script on its own (`python -I -S leash.py`), so that it costs milliseconds: asks Linux for SIGKILL at the parent's death, then becomes
the command. The kernel sends it when the parent *thread* ends, so processes are started from the main thread. Elsewhere than on Linux
the watchdog alone ends them.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(f"the starter of {command[0]} is gone")
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"cannot run {command[0]}: {error.strerror}")


if __name__ == "__main__":
    main()
