"""Virtual time and processes: every thread of a process is a greenlet, and waits for the world's clock.

The threads of one run are in one thread of Python. A thread gives way only where it asks something of the
outside or waits, so a run is a function of its schedule.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from itertools import count
from typing import Any

from greenlet import getcurrent, greenlet


class Died(BaseException):
    """The process was killed. Nothing of it goes on, and no `except Exception` holds it up."""


class Violation(AssertionError):
    """The guarantee is broken."""


class Thread(greenlet):
    """`turn` makes a wake-up that comes too late void."""

    def __init__(self, process: Process, work: Callable[[], None], hub: greenlet) -> None:
        super().__init__(work, hub)
        self.process, self.turn = process, 0


class Process:
    """A process that may be killed or stand still. `nudge` wakes its main thread where it waits for news."""

    def __init__(self, world: Loop, name: str) -> None:
        self.world, self.name = world, name
        world.processes.append(self)
        self.alive, self.paused_until = True, 0.0
        self.parked: list[tuple[Thread, int]] = []
        self.threads: list[Thread] = []
        self.waiting: Thread | None = None
        self.kafka: Any = None
        self.fatal: list[str] = []
        self.on_silence: list[Callable[[], None]] = []

    def spawn(self, work: Callable[[], None]) -> None:
        def carry_out() -> None:
            try:
                work()
            except Died:
                pass
            finally:
                self.threads.remove(thread)

        thread = Thread(self, carry_out, self.world.hub)
        self.threads.append(thread)
        self.world.wake(thread, 0.0)

    def kill(self) -> None:
        """Ends every thread where it waits. A thread that kills its own process raises Died itself."""
        if not self.alive:
            return
        self.alive = False
        for thread in list(self.threads):
            if thread is not getcurrent():
                self.world.wake(thread, 0.0)
        for tell in self.on_silence:
            tell()

    def check(self) -> None:
        if not self.alive:
            raise Died

    def pause(self, seconds: float) -> None:
        self.paused_until = max(self.paused_until, self.world.now + seconds)
        self.world.at(seconds, self.go_on)
        for tell in self.on_silence:
            tell()

    def go_on(self, at_once: bool = False) -> None:
        """Wakes what came due while the process stood still, once its time is over, or at once."""
        if at_once:
            self.paused_until = self.world.now
        if self.paused_until <= self.world.now:
            parked, self.parked = self.parked, []
            for thread, turn in parked:
                if thread.turn == turn:
                    self.world.wake(thread, 0.0)

    def nudge(self) -> None:
        if self.waiting is not None:
            thread, self.waiting = self.waiting, None
            self.world.wake(thread, 0.0)

    def wait_for_news(self, seconds: float) -> None:
        self.check()
        self.waiting = getcurrent()
        self.world.sleep(seconds)
        self.waiting = None


class Loop:
    """The clock, and what is to happen when. story: lines for a person, None where nobody reads them."""

    def __init__(self, seed: int, story: list[str] | None) -> None:
        self.now, self.random = 0.0, random.Random(seed)
        self.hub = getcurrent()
        self.processes: list[Process] = []
        self.story = story
        self._last_words: dict[str, str] = {}
        self._heap: list[tuple[float, int, Callable[[], None] | Thread, int]] = []
        self._numbers = count()
        self.steps = 0

    def say(self, who: str, text: str) -> None:
        if self.story is not None and self._last_words.get(who) != text:
            self._last_words[who] = text
            self.story.append(f"{self.now:9.2f} s  {who}: {text}")

    def at(self, seconds: float, work: Callable[[], None]) -> None:
        heapq.heappush(self._heap, (self.now + seconds, next(self._numbers), work, 0))

    def wake(self, thread: Thread, seconds: float) -> None:
        heapq.heappush(self._heap, (self.now + seconds, next(self._numbers), thread, thread.turn))

    def run(self, until: Callable[[], bool], seconds: float) -> bool:
        """Goes on until the condition holds (True) or so many seconds have passed (False)."""
        end = self.now + seconds
        while self._heap and self._heap[0][0] <= end:
            if until():
                return True
            at, _, what, turn = heapq.heappop(self._heap)
            self.now = at
            self.steps += 1
            if not isinstance(what, Thread):
                what()
            elif what.turn == turn and not what.dead:
                paused = what.process.paused_until
                if paused > at and what.process.alive:
                    what.process.parked.append((what, turn))
                    continue
                what.turn += 1
                what.switch()
        self.now = end
        return until()

    def sleep(self, seconds: float) -> None:
        thread: Any = getcurrent()
        thread.process.check()
        self.wake(thread, seconds)
        self.hub.switch()
        thread.process.check()


def process() -> Process:
    """The process whose thread runs now."""
    return getcurrent().process
