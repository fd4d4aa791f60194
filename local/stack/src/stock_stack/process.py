"""One running process of the stack: in a group of its own, on a leash, its output in a log file."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

LEASH = Path(__file__).with_name("leash.py")
WATCHDOG = Path(__file__).with_name("watchdog.py")
TAIL_LINES = 15
POLL_SECONDS = 0.05


def script(path: Path, *arguments: str) -> list[str]:
    """The command for one of our stand-alone scripts: no site-packages, no environment, so it is up at once."""
    return [sys.executable, "-I", "-S", str(path), *arguments]


class Watchdog:
    """The process that outlives this one to kill the groups that it still has."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(script(WATCHDOG), stdin=subprocess.PIPE, text=True, bufsize=1, start_new_session=True)

    def _tell(self, line: str) -> None:
        if self._process.stdin is None:
            raise AssertionError("the watchdog has no pipe")
        self._process.stdin.write(f"{line}\n")

    def add(self, group: int) -> None:
        self._tell(f"+{group}")

    def discard(self, group: int) -> None:
        self._tell(f"-{group}")

    def close(self) -> None:
        """Kills the groups that are left and ends."""
        self._process.communicate(timeout=10)


class Process:
    """A started command. Start it from the main thread (see leash.py)."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], directory: Path, log: Path, watchdog: Watchdog) -> None:
        self.name = name
        self.log = log
        self._watchdog = watchdog
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log_start = log.stat().st_size if log.exists() else 0
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                script(LEASH, str(os.getpid()), *command),
                cwd=directory,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        watchdog.add(self.pid)

    @property
    def pid(self) -> int:
        """Process id, and the id of its group."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    def signal(self, number: int) -> None:
        """Sends the signal to the process alone; its children are its own affair. No effect once it has ended."""
        self._process.send_signal(number)

    def wait(self, seconds: float) -> int | None:
        """The exit code, or None when it still runs after `seconds`."""
        end = time.monotonic() + seconds
        while (code := self.code) is None and time.monotonic() < end:
            time.sleep(POLL_SECONDS)
        return code

    def end(self) -> int:
        """Kills what is left of the group, the process included, and returns the exit code."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        code = self._process.wait(10)
        self._watchdog.discard(self.pid)
        return code

    def tail(self) -> str:
        """The last lines that this process wrote to its log."""
        with self.log.open("rb") as file:
            file.seek(max(self._log_start, self.log.stat().st_size - 20_000))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-TAIL_LINES:])
