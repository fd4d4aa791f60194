"""The older commit: its tree, built as its README says, and its demo, stopped in the middle by SIGKILL.

Only what any commit has is used: `make build`, `stock-stack demo` and signals. The demo takes the end of a
part for a failure, so a part is held by SIGSTOP instead.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from stock_stack.ports import PUBLIC, Ports, variable
from stock_stack.registry import REPOSITORY
from stock_testing import processes
from stock_testing.poll import poll_until

PLACE = REPOSITORY / ".build" / "upgrade"
BUILD_SECONDS = 1800
START_SECONDS = 120
END_SECONDS = 60
PARTS = {"kafka": " kafka.Kafka ", "sf-loader": "services/sf-loader/.venv/bin/"}
"""Part → the words of its command line that no other process has, at any commit."""


class Unusable(Exception):
    """The older commit cannot be had or built. The text says why."""


def tree(commit: str) -> Path:
    """A worktree of the commit below .build, built. Raises Unusable."""
    found = _git("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}")
    if found is None:
        raise Unusable(f"this repository has no commit {commit}: name another by FROM=, or fetch the history")
    place = PLACE / found[:12]
    if not (place / "Makefile").exists():
        _git("worktree", "prune")
        if _git("worktree", "add", "--detach", str(place), found) is None:
            raise Unusable(f"git cannot make a worktree of {found} in {place}")
    done = subprocess.run(
        ["make", "build"], cwd=place, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False
    )
    if done.returncode:
        raise Unusable(f"make build in {place} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return place


def _git(*words: str) -> str | None:
    """What git printed, None where it failed."""
    done = subprocess.run(["git", *words], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


class Demo:
    """The demo of the tree in `place`. Its log is `data` with the suffix .log."""

    def __init__(self, place: Path, data: Path, ports: Ports) -> None:
        self._data = data
        self._log = data.with_suffix(".log")
        command = [str(place / "local/stack/.venv/bin/stock-stack"), "demo", "--data", str(data)]
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                cwd=place,
                env=os.environ | addresses(ports),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_up(self) -> None:
        """Raises AssertionError with the demo's log."""

        def is_up() -> bool:
            text = self._log.read_text(errors="replace")
            assert self._process.poll() is None, text[-3000:]
            return "Dashboard: http://" in text

        poll_until(is_up, "the older demo is up", START_SECONDS)

    def hold(self, part: str) -> None:
        """The part stands still, as in a long pause of its machine."""
        os.kill(pid_of(part, processes.of(self._data)), signal.SIGSTOP)

    def kill(self) -> None:
        """SIGKILL to everything at once, if it still runs. Returns when nothing is left."""
        self._process.kill()
        for pid in processes.of(self._data):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(END_SECONDS)
        poll_until(lambda: not processes.of(self._data), "nothing of the older demo runs", END_SECONDS)


def addresses(ports: Ports) -> dict[str, str]:
    """The variables that give the demo its ports."""
    return {variable(part): str(ports[part]) for part in PUBLIC}


def pid_of(part: str, running: Mapping[int, str]) -> int:
    """The part's process, of process id → command line."""
    found = [pid for pid, command in running.items() if PARTS[part] in command]
    assert len(found) == 1, f"{len(found)} processes of {part}: {sorted(running.values())}"
    return found[0]
