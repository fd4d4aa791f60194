from __future__ import annotations

import os
import signal
import subprocess
import sys

from stock_common import logs
from stock_common.health import Health
from stock_common.run import FatalError, Stop, run


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_loop_runs_until_the_signal_and_closes_once() -> None:
    clock = Clock()
    stop, health = Stop(), Health(clock=clock)
    stop.install()
    calls: list[str] = []

    def step() -> None:
        calls.append("step")
        if len(calls) == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    code = run(
        step,
        lambda deadline: calls.append(f"close {deadline.remaining():.0f}"),
        health,
        stop,
        logs.logger("test"),
    )
    assert (code, calls) == (0, ["step", "step", "step", "close 25"])


def test_a_signal_that_comes_while_waiting_never_blocks() -> None:
    """Signals come at any moment of many waits. The thread would take the lock of a threading.Event twice."""
    code = (
        "import signal\n"
        "from stock_common.run import Stop\n"
        "stop = Stop()\n"
        "signal.signal(signal.SIGALRM, lambda number, frame: stop.set())\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)\n"
        "for _ in range(200_000): stop.wait(0.00001)\n"
        "signal.setitimer(signal.ITIMER_REAL, 0)\n"
        "assert stop and stop.wait(60)\n"
    )
    subprocess.run([sys.executable, "-c", code], timeout=120, check=True)


def test_fatal_error_closes_and_gives_one() -> None:
    closed: list[bool] = []

    def step() -> None:
        raise FatalError("the bucket is gone")

    assert run(step, lambda _: closed.append(True), Health(), Stop(), logs.logger("test")) == 1
    assert closed == [True]
