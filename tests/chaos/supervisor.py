"""Keeps every process running, as a container engine does with `restart: unless-stopped`."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from typing import NamedTuple

from chaos.waits import until
from stock_stack.stack import Stack

BACKOFF = (0.5, 10.0)
"""Seconds before a process that ended by itself starts again: at first, and at most. Doubled each time."""
STEADY_SECONDS = 10.0
"""A process that ran so long begins with the first wait again."""
UP_SECONDS = 1.5
ASK_SECONDS = 1.0
REASON_LENGTH = 160
STOP_SECONDS = 40.0
"""The platform's grace period: a process that has not ended so long after SIGTERM is killed."""


class OwnEnd(NamedTuple):
    """A process that ended although nobody ended it."""

    name: str
    code: int
    reason: str


class Supervisor:
    """Call `tick` all the time. `frozen`: processes that SIGSTOP holds. `own`: ends that nobody asked for."""

    def __init__(self, stack: Stack, clock: Callable[[], float]) -> None:
        self._stack, self._clock = stack, clock
        self._expected: set[str] = set()
        self._retired: set[str] = set()
        self._due: dict[str, float] = {}
        self._up_since: dict[str, float] = {}
        self._waits: dict[str, float] = {}
        self.frozen: set[str] = set()
        self.own: list[OwnEnd] = []
        self.overdue = 0
        """Processes that did not end in time after SIGTERM."""

    def tick(self) -> None:
        """Notices ends, starts what is due."""
        now = self._clock()
        for name, code in self._stack.ended().items():
            wait = 0.0
            if name not in self._expected:
                wait = self._waits.get(name, BACKOFF[0])
                self._waits[name] = min(2 * wait, BACKOFF[1])
                self.own.append(OwnEnd(name, code, self._last_words(name)))
            self._expected.discard(name)
            self._up_since.pop(name, None)
            if name not in self._retired:
                self._due[name] = now + wait
        for name, at in list(self._due.items()):
            if now >= at and self._may_start(name):
                self._start(name, now)
        for name, since in self._up_since.items():
            if now - since > STEADY_SECONDS:
                self._waits.pop(name, None)

    def end(self, name: str, number: int = signal.SIGKILL) -> None:
        """Sends the signal, expects the end and starts the process again after it."""
        self._expected.add(name)
        self._stack.signal(name, number)

    def restart(self, name: str) -> Iterator[None]:
        """SIGTERM, and SIGKILL where it is too slow. It is up again when this is done."""
        pid = self._stack.pid(name)
        self.end(name, signal.SIGTERM)
        end = self._clock() + STOP_SECONDS
        while self.runs(name) and self._stack.pid(name) == pid and self._clock() < end:
            yield
        if self.runs(name) and self._stack.pid(name) == pid:
            self.overdue += 1
            self.end(name)
            yield
        yield from until(lambda: self.up(name))

    def retire(self, name: str, number: int) -> None:
        """Sends the signal and does not start the process again before `start`."""
        self._retired.add(name)
        self.end(name, number)

    def start(self, name: str) -> None:
        self._retired.discard(name)
        self._due[name] = 0.0

    def runs(self, name: str) -> bool:
        return name in self._stack.running()

    def up(self, name: str) -> bool:
        """It runs, and has for a moment."""
        return self.runs(name) and self._clock() - self._up_since.get(name, 0.0) >= UP_SECONDS

    def _may_start(self, name: str) -> bool:
        # Kafka's start asks ZooKeeper first, which would wait for one that stands still.
        return not name.startswith("kafka") or ("zookeeper" not in self.frozen and self.runs("zookeeper"))

    def _start(self, name: str, now: float) -> None:
        if self._stack.launch(name):
            del self._due[name]
            self._up_since[name] = now
        else:
            self._due[name] = now + ASK_SECONDS

    def _last_words(self, name: str) -> str:
        lines = self._stack.layout.log(name).read_text(errors="replace").splitlines()[-20:]
        for line in reversed(lines):
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict) and "reason" in entry:
                return str(entry["reason"])[:REASON_LENGTH]
        return (lines[-1] if lines else "")[:REASON_LENGTH]
