"""Requests between processes and what is outside of them, and what can happen to one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from greenlet import getcurrent

from .engine import Died, Loop, Process, Violation

TIMEOUT = 20.0
"""Seconds after which a caller gives up a request without an answer."""
SLOW = 25.0


class Fault(NamedTuple):
    """What happens to one request: `name`, and a number whose meaning is the fault's own."""

    name: str
    size: float = 0.0


class World(Loop):
    """faults: (kind of request, its number) → what happens to it. None happens once it is `calm`."""

    def __init__(self, seed: int, faults: dict[tuple[str, int], Fault], story: list[str] | None) -> None:
        super().__init__(seed, story)
        self.faults, self.calm = faults, False
        self.counts: dict[str, int] = {}

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
