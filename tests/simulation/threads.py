"""What stands in the place of the standard library's threads, clocks and waits in the product's modules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from greenlet import getcurrent

from .engine import Thread, process
from .world import World


class Clock:
    """The monotonic clock of the run that is under way."""

    world: World

    def __call__(self) -> float:
        return self.world.now


CLOCK = Clock()


class Future:
    """A result to come, as of concurrent.futures."""

    def __init__(self) -> None:
        self._done, self._result, self._error = False, None, None
        self._waiting: list[tuple[Thread, int]] = []

    def done(self) -> bool:
        return self._done

    def result(self, timeout: float | None = None) -> Any:
        while not self._done:
            self.wait(3600.0)
        if self._error is not None:
            raise self._error
        return self._result

    def settle(self, result: Any, error: BaseException | None) -> None:
        self._done, self._result, self._error = True, result, error
        for thread, turn in self._waiting:
            if thread.turn == turn:
                CLOCK.world.wake(thread, 0.0)

    def wait(self, seconds: float) -> None:
        thread: Any = getcurrent()
        self._waiting.append((thread, thread.turn))
        CLOCK.world.sleep(seconds)


def run(name: str, work: Callable[..., Any], *arguments: Any, **named: Any) -> Future:
    """In the place of stock_s3_sink.background.run."""
    future, owner = Future(), process()

    def carry_out() -> None:
        try:
            result, error = work(*arguments, **named), None
        except Exception as raised:
            result, error = None, raised
        future.settle(result, error)
        owner.nudge()

    owner.spawn(carry_out)
    return future


def wait(futures: Iterable[Future], timeout: float, return_when: str = "FIRST_COMPLETED") -> None:
    """In the place of concurrent.futures.wait. A new one wakes it as well."""
    open_ones = list(futures)
    if any(future.done() for future in open_ones):
        return
    thread: Any = getcurrent()
    for future in open_ones:
        future._waiting.append((thread, thread.turn))
    CLOCK.world.sleep(timeout)


class Event:
    """A threading.Event."""

    def __init__(self) -> None:
        self._set = False

    def set(self) -> None:
        self._set = True

    def is_set(self) -> bool:
        return self._set

    def wait(self, seconds: float) -> bool:
        # An event that is set meanwhile is noticed at the end of the pause: pauses are short.
        if not self._set:
            CLOCK.world.sleep(seconds)
        return self._set


class Semaphore:
    """A threading.BoundedSemaphore, or a Lock."""

    def __init__(self, value: int = 1) -> None:
        self._free = value

    def __enter__(self) -> None:
        while self._free == 0:
            CLOCK.world.sleep(0.1)
        self._free -= 1

    def __exit__(self, *_: object) -> None:
        self._free += 1


class Pool:
    """A ThreadPoolExecutor that does each piece of work at once, in the caller's thread."""

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None: ...

    def submit(self, work: Callable[..., Any], *arguments: Any) -> Future:
        future = Future()
        try:
            future.settle(work(*arguments), None)
        except Exception as error:
            future.settle(None, error)
        return future

    def map(self, work: Callable[..., Any], items: Iterable[Any]) -> Iterator[Any]:
        return iter([work(item) for item in items])

    def shutdown(self, **_: Any) -> None: ...


class Threading:
    """The names of the module `threading` that the product uses."""

    Event, Lock, BoundedSemaphore = Event, Semaphore, Semaphore
