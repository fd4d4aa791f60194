"""Holds the main thread of the `python -m` process in the same process namespace, as a debugger does.

It runs in a container next to the service's, with SYS_PTRACE, until it is killed. The other threads go on:
the service answers, and makes no progress.
"""

import ctypes
import os
import signal
import sys
import time
from pathlib import Path

SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17
WALL = 0x40000000
SECONDS = 20


def main_thread() -> int:
    """The main thread's id is the process' own."""
    for place in Path("/proc").glob("[0-9]*"):
        words = (place / "cmdline").read_bytes().split(b"\0")
        if words[0].endswith(b"python") and words[1:2] == [b"-m"]:
            return int(place.name)
    raise SystemExit("no python -m process here")


def main() -> None:
    trace = ctypes.CDLL(None, use_errno=True).ptrace
    trace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    trace.restype = ctypes.c_long
    thread, end = main_thread(), time.monotonic() + SECONDS
    while time.monotonic() < end:
        if trace(SEIZE, thread, None, None) or trace(INTERRUPT, thread, None, None):
            raise SystemExit(os.strerror(ctypes.get_errno()))
        os.waitpid(thread, WALL)
        # Outside of a system call the thread holds the interpreter's lock, and no other thread would run.
        if not Path(f"/proc/{thread}/syscall").read_text().startswith("-1 "):
            print("held", flush=True)
            signal.pause()
        trace(DETACH, thread, None, None)
        time.sleep(0.1)
    raise SystemExit("it is never inside a system call")


if __name__ == "__main__":
    sys.exit(main())
