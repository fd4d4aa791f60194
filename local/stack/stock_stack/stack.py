"""A running pipeline: starts parts with what they need, watches them, stops them in order.

Everything is called from the main thread, because processes die with the thread that started them
(parent_death.py).
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from stock_common.deadline import Deadline
from stock_stack.component import Component
from stock_stack.layout import Layout
from stock_stack.process import Process, Reaper
from stock_stack.services import component

POLL_SECONDS = 0.1
CLOSE_SECONDS = 28.0
"""The whole stack is down within 30 s of the request."""


class ComponentFailed(Exception):
    """A part ended unexpectedly or did not get ready. The text has name, exit code and the end of the log."""


class Stack:
    """A context manager. At its end it stops every part that runs.

    report: is called with each event, as one line of text.
    find: returns the component of a layout, a part's name and an instance.
    """

    def __init__(
        self,
        layout: Layout,
        report: Callable[[str], None] = lambda line: None,
        find: Callable[[Layout, str, int], Component] = component,
    ) -> None:
        self.layout = layout
        self._report = report
        self._find = find
        self._reaper = Reaper()
        self._running: dict[str, Process] = {}
        self._components: dict[str, Component] = {}
        self._done: set[str] = set()

    def start(self, *names: str, instance: int = 1, environment: Mapping[str, str] | None = None) -> None:
        """Starts the parts and all that they need, and waits until all are ready.

        Parts that do not need each other start at the same time. `environment` is added to that of the parts
        named. Raises ComponentFailed.
        """
        wanted: dict[str, Component] = {}
        for name in names:
            part = self._find(self.layout, name, instance)
            self._collect(replace(part, environment={**part.environment, **(environment or {})}), wanted)
        self._bring_up(wanted)

    def _bring_up(self, wanted: Mapping[str, Component]) -> None:
        begun: dict[str, float] = {}
        while not all(name in self._done for name in wanted):
            for name, part in wanted.items():
                if name not in self._done and all(need in self._done for need in part.needs):
                    self._advance(part, begun.setdefault(name, time.monotonic()))
            time.sleep(POLL_SECONDS)

    def _collect(self, part: Component, wanted: dict[str, Component]) -> None:
        for need in part.needs:
            if need not in self._done and need not in wanted:
                self._collect(self._find(self.layout, need, 1), wanted)
        if part.name not in self._done:
            wanted[part.name] = part

    def _advance(self, part: Component, begun: float) -> None:
        """Looks at a part that is not ready: starts it, notes that it is ready, or raises ComponentFailed."""
        waited = time.monotonic() - begun
        if part.name not in self._running:
            if part.may_start() or waited > part.start_seconds:
                self._spawn(part)
        elif self._is_ready(part):
            if part.job:
                self._running.pop(part.name).end()
            self._done.add(part.name)
            self._report(f"{part.name} {'done' if part.job else 'ready'} after {waited:.1f} s")
        elif waited > part.start_seconds:
            raise self._failure(part.name, f"was not ready after {waited:.0f} s")

    def _is_ready(self, part: Component) -> bool:
        """Whether a started part answers, or a started job has done its work. Raises ComponentFailed."""
        code = self._running[part.name].code
        if code is None:
            return not part.job and part.ready()
        if part.job and code == 0:
            return True
        raise self._failure(part.name, f"ended with exit code {code} before it was ready")

    def _spawn(self, part: Component) -> None:
        self._components[part.name] = part
        log = self.layout.log(part.name)
        self._running[part.name] = Process(
            part.name, part.command, part.environment, self.layout.data, log, self._reaper
        )

    def _failure(self, name: str, what: str) -> ComponentFailed:
        """The error to raise. The part is ended and forgotten, so that it can be started again."""
        process = self._running[name]
        self._forget(name)
        return ComponentFailed(
            f"{name} {what}. The last lines of {process.log}:\n{process.tail() or '(it wrote nothing)'}"
        )

    def check(self) -> None:
        """Raises ComponentFailed when a part that should run has ended."""
        for name, process in list(self._running.items()):
            if process.code is not None and self._components[name].passing:
                self._report(f"{name} ended with exit code {process.code}, see {process.log}")
                self._forget(name)
            elif process.code is not None:
                raise self._failure(name, f"ended unexpectedly with exit code {process.code}")

    def running(self) -> list[str]:
        """The parts that run now."""
        return [name for name, process in self._running.items() if process.code is None]

    def pid(self, name: str) -> int:
        return self._running[name].pid

    def environment(self, name: str) -> dict[str, str]:
        """The environment of the part's last start, for running its other commands."""
        return dict((self._components.get(name) or self._find(self.layout, name, 1)).environment)

    def kill(self, name: str, number: int = signal.SIGKILL, seconds: float = 30.0) -> int:
        """Sends the signal to the part, waits for its end, and returns its exit code.

        Raises ComponentFailed when it still runs after `seconds`.
        """
        process = self._running[name]
        process.signal(number)
        if process.wait(seconds) is None:
            raise self._failure(name, f"still runs {seconds:.0f} s after signal {number}")
        return self._forget(name)

    def signal(self, name: str, number: int) -> None:
        """Sends the signal to the part and does not wait."""
        self._running[name].signal(number)

    def ended(self) -> dict[str, int]:
        """Part → exit code of the parts that have ended. They are forgotten.

        For a caller that expects parts to end, instead of `check`.
        """
        return {
            name: self._forget(name)
            for name, process in list(self._running.items())
            if process.code is not None
        }

    def change(self, name: str, environment: Mapping[str, str]) -> None:
        """Adds variables to the part's environment, from its next start on."""
        part = self._components[name]
        self._components[name] = replace(part, environment={**part.environment, **environment})

    def launch(self, name: str) -> bool:
        """Starts the part again as it was started before, and does not wait until it is ready.

        Returns False when it may not start yet. The caller asks again.
        """
        part = self._components[name]
        if not part.may_start():
            return False
        self._spawn(part)
        self._done.add(name)
        return True

    def stop(self, name: str, seconds: float | None = None) -> int:
        """SIGTERM, then SIGKILL after the part's `stop_seconds`, at most `seconds`. Returns the exit code."""
        process = self._running[name]
        allowed = self._components[name].stop_seconds
        process.signal(signal.SIGTERM)
        if process.wait(allowed if seconds is None else min(seconds, allowed)) is None:
            self._report(f"{name} did not stop in time: killed. What it had committed is kept.")
        return self._forget(name)

    def _forget(self, name: str) -> int:
        self._done.discard(name)
        return self._running.pop(name).end()

    def restart(self, name: str) -> None:
        """Starts the part again as it was started before. A running part is stopped first."""
        if name in self._running:
            self.stop(name)
        wanted: dict[str, Component] = {}
        self._collect(self._components[name], wanted)
        self._bring_up(wanted)

    def close(self, seconds: float = CLOSE_SECONDS) -> None:
        """Stops everything within `seconds`, in the order of `stop_rank`."""
        deadline = Deadline(seconds)
        for rank in sorted({self._components[name].stop_rank for name in self._running}):
            names = [name for name in self._running if self._components[name].stop_rank == rank]
            for name in names:
                self._report(f"stopping {name}")
                self._running[name].signal(signal.SIGTERM)
            for name in names:
                self.stop(name, deadline.remaining())
        self._reaper.close()
        self.layout.ports.release()

    def __enter__(self) -> Stack:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
