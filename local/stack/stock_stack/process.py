"""One running process of the stack: it leads a process group, dies with us, and writes to a log file."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

PARENT_DEATH = Path(__file__).with_name("parent_death.py")
REAPER = Path(__file__).with_name("reaper.py")
TAIL_LINES = 15
POLL_SECONDS = 0.05


def script(path: Path, *arguments: str) -> list[str]:
    """The command for one of our scripts. Without site-packages and environment it starts in milliseconds."""
    return [sys.executable, "-I", "-S", str(path), *arguments]


class Reaper:
    """The process that outlives this one and kills the groups that are left (reaper.py)."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            script(REAPER), stdin=subprocess.PIPE, text=True, bufsize=1, start_new_session=True
        )

    def _send(self, line: str) -> None:
        if self._process.stdin is None:
            raise AssertionError("the reaper has no pipe")
        self._process.stdin.write(f"{line}\n")

    def add(self, group: int) -> None:
        self._send(f"+{group}")

    def discard(self, group: int) -> None:
        self._send(f"-{group}")

    def close(self) -> None:
        """Kills the groups that are left, and ends the reaper."""
        self._process.communicate(timeout=10)


class Process:
    """A started command. Start it from the main thread (see parent_death.py)."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        directory: Path,
        log: Path,
        reaper: Reaper,
    ) -> None:
        self.name = name
        self.log = log
        self._reaper = reaper
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log_start = log.stat().st_size if log.exists() else 0
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                script(PARENT_DEATH, str(os.getpid()), *command),
                cwd=directory,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        reaper.add(self.pid)

    @property
    def pid(self) -> int:
        """Process id, and the id of its group."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Exit code, negative for a signal. None while it runs."""
        return self._process.poll()

    def signal(self, number: int) -> None:
        """Sends the signal to the process, not to its children. No effect after its end."""
        self._process.send_signal(number)

    def wait(self, seconds: float) -> int | None:
        """The exit code, or None when it still runs after `seconds`."""
        end = time.monotonic() + seconds
        while (code := self.code) is None and time.monotonic() < end:
            time.sleep(POLL_SECONDS)
        return code

    def end(self) -> int:
        """Kills the whole group and returns the process's exit code."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        code = self._process.wait(10)
        self._reaper.discard(self.pid)
        return code

    def tail(self) -> str:
        """The last lines that this process wrote to its log."""
        with self.log.open("rb") as file:
            file.seek(max(self._log_start, self.log.stat().st_size - 20_000))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-TAIL_LINES:])
