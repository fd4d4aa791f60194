"""Virtual time and processes: every thread of a process is a greenlet, and waits for the world's clock.

The threads of one run are in one thread of Python. A thread gives way only where it asks something of the
outside or waits, so a run is a function of its schedule.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from itertools import count
from typing import Any, NamedTuple

from greenlet import getcurrent, greenlet

TIMEOUT = 20.0
"""Seconds after which a caller gives up a request without an answer."""
SLOW = 25.0


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

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.alive, self.paused_until = True, 0.0
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
        for tell in self.on_silence:
            tell()

    def nudge(self) -> None:
        if self.waiting is not None:
            thread, self.waiting = self.waiting, None
            self.world.wake(thread, 0.0)

    def wait_for_news(self, seconds: float) -> None:
        self.check()
        self.waiting = getcurrent()
        self.world.sleep(seconds)
        self.waiting = None


class Fault(NamedTuple):
    """What happens to one request: `name`, and a number whose meaning is the fault's own."""

    name: str
    size: float = 0.0


class World:
    """The clock, and the requests between processes and what is outside.

    faults: (kind of request, its number) → what happens to it.
    story: lines for a person, None where nobody reads them.
    """

    def __init__(self, seed: int, faults: dict[tuple[str, int], Fault], story: list[str] | None) -> None:
        self.now, self.random = 0.0, random.Random(seed)
        self.hub = getcurrent()
        self.faults, self.story = faults, story
        self.calm = False
        self._heap: list[tuple[float, int, Callable[[], None] | Thread, int]] = []
        self._numbers = count()
        self.counts: dict[str, int] = {}
        self.steps = 0

    def say(self, who: str, text: str) -> None:
        if self.story is not None:
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
            at, number, what, turn = heapq.heappop(self._heap)
            self.now = at
            self.steps += 1
            if not isinstance(what, Thread):
                what()
            elif what.turn == turn and not what.dead:
                paused = what.process.paused_until
                if paused > at and what.process.alive:
                    heapq.heappush(self._heap, (paused, number, what, turn))
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

    def latency(self) -> float:
        return self.random.random() * 0.2

    def fault_of(self, kind: str) -> Fault | None:
        """What the schedule has for this request. Counts it."""
        number = self.counts[kind] = self.counts.get(kind, 0) + 1
        return None if self.calm else self.faults.get((kind, number))

    def request(
        self, kind: str, effect: Callable[[], Any], failure: Callable[[], Exception], timeout: float = TIMEOUT
    ) -> Any:
        """One request of the current thread. The fault that the schedule has for it, if any, happens."""
        process: Process = getcurrent().process
        process.check()
        fault = self.fault_of(kind)
        if fault is None:
            self.sleep(self.latency())
            answer = effect()
            self.sleep(self.latency())
            return answer
        return self._disturbed(process, kind, fault, effect, failure, timeout)

    def _disturbed(
        self,
        process: Process,
        kind: str,
        fault: Fault,
        effect: Callable[[], Any],
        failure: Callable[[], Exception],
        timeout: float,
    ) -> Any:
        self.say(process.name, f"{kind}: {fault.name}" + (f" ({fault.size:.0f})" if fault.size else ""))
        name = fault.name
        if name in ("killed before", "killed, late"):
            if name == "killed, late":
                self._later(kind, fault.size, effect)
            process.kill()
            raise Died
        if name in ("asleep before", "asleep after"):
            if name == "asleep before":
                process.pause(fault.size)
            self.sleep(self.latency())
            answer = effect()
            if name == "asleep after":
                process.pause(fault.size)
            self.sleep(self.latency())
            return answer
        if name == "slow":
            self.sleep(SLOW)
            answer = effect()
            self.sleep(SLOW)
            return answer
        if name == "late":
            self._later(kind, timeout + fault.size, effect)
        elif name in ("answer lost", "killed after"):
            self.sleep(self.latency())
            self._quietly(effect)
            if name == "killed after":
                process.kill()
                raise Died
        self.sleep(timeout)
        raise failure()

    def _later(self, kind: str, seconds: float, effect: Callable[[], Any]) -> None:
        def arrive() -> None:
            self.say("network", f"a late {kind} arrives")
            self._quietly(effect)

        self.at(seconds, arrive)

    def _quietly(self, effect: Callable[[], Any]) -> None:
        """Nobody gets the answer, an error included."""
        try:
            effect()
        except (Violation, Died):
            raise
        except Exception as error:
            self.say("network", f"nobody hears {type(error).__name__}")


def process() -> Process:
    """The process whose thread runs now."""
    return getcurrent().process
