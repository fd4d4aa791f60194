"""The run loop of every service: signals set a flag, each step is progress, the close has one deadline."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

import structlog

from stock_common.deadline import Deadline
from stock_common.health import Health

CLOSE_SECONDS = 25.0
"""Flush, commit and close take no longer. The platform's grace period (`stop_grace_period`) is 40 s."""


class FatalError(Exception):
    """The process must end with an exit code other than 0. The text says what failed and what to do."""


class Stop:
    """The flag that SIGTERM and SIGINT set. A second SIGINT ends the process at once.

    It is a pipe and not a threading.Event. The handler runs in the main thread, which may be waiting on the
    Event and hold its lock at that moment, and would then wait for itself for ever.
    """

    def __init__(self) -> None:
        self._stopped = False
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)

    def install(self) -> None:
        """Takes the process's signals. Only from the main thread."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        self.set()

    def set(self) -> None:
        self._stopped = True
        with suppress(BlockingIOError):  # the pipe is full: whoever waits is awake
            os.write(self._write, b".")

    def __bool__(self) -> bool:
        return self._stopped

    def wait(self, seconds: float) -> bool:
        """Sleeps up to `seconds`, less when the stop comes. True when it has come."""
        poller = select.poll()
        poller.register(self._read, select.POLLIN)
        poller.poll(max(0.0, seconds) * 1000)
        return self._stopped


def run(
    step: Callable[[], None],
    close: Callable[[Deadline], None],
    health: Health,
    stop: Stop,
    log: structlog.stdlib.BoundLogger,
) -> int:
    """Calls `step` until `stop`, then `close` with the deadline of the shutdown. Returns the exit code.

    `step` blocks for a second or so at most, and everything it waits for must have a bound. A FatalError from
    it is logged once, `close` is called, and the code is 1. A FatalError from `close` gives 1 too. Any other
    exception is raised.
    """
    code = 0
    try:
        while not stop:
            step()
            health.beat()
    except FatalError as error:
        log.error("stopped", reason=str(error))
        code = 1
    try:
        close(Deadline(CLOSE_SECONDS))
    except FatalError as error:
        log.error("unclean close", reason=str(error))
        code = 1
    log.info("closed", exit_code=code)
    return code
