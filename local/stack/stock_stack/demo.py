"""`stock-stack demo` runs the whole pipeline until Ctrl-C, or for a given time with an audit at its end."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import NoReturn

from confluent_kafka import KafkaException

from stock_kafka.cluster import Unreachable
from stock_stack import preparation
from stock_stack.counts import Counts, Progress
from stock_stack.layout import Layout, symbols
from stock_stack.ports import HOST, Ports
from stock_stack.process import PARENT_DEATH, script
from stock_stack.services import ALL, component, launcher
from stock_stack.stack import ComponentFailed, Stack
from stock_stack.terminal import Terminal, live_line

HISTORY = "history"
DRAIN_SECONDS = 120.0
AUDIT_SECONDS = 120.0
FREE_SYMBOLS = 12
"""A free key has 25 calls a day."""
EXIT_FAILED, EXIT_INTERRUPTED = 1, 130


def layout_of(data: Path, ports: Ports, schedule: str | None) -> Layout:
    """The demo's. With a schedule of the market's, a free key on New York's calendar meets it."""
    if schedule is None:
        return Layout(data, ports)
    services = {
        "ALPHA_VANTAGE_PLAN": "free",
        "MARKET_CALENDAR": "auto",
        "SYMBOLS": ",".join(symbols().split(",")[:FREE_SYMBOLS]),
    }
    market = {"MARKET_PLAN": "free", "MARKET_CALENDAR": "XNYS", "MARKET_SCHEDULE": schedule}
    return Layout(data, ports, services, market=market)


def run(
    data: Path, ports: Ports, duration: float | None, terminal: Terminal, schedule: str | None = None
) -> int:
    """Runs the demo and returns its exit code. `duration` in seconds, None runs until Ctrl-C."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # A hang-up that nohup ignores stays ignored. The others end the demo, in a script's background too.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    begun = time.monotonic()
    code = EXIT_INTERRUPTED
    stack = Stack(layout_of(data, ports, schedule), terminal.say)
    try:
        stack.start(*ALL)
        terminal.say(
            f"All up after {time.monotonic() - begun:.0f} s. Logs are in {stack.layout.data / 'logs'}"
        )
        terminal.say(f"Dashboard: http://{HOST}:{ports['dashboard']}   (Ctrl-C stops everything)", bold=True)
        stack.start(HISTORY)
        terminal.say(
            "A year of bars is being fetched in the background. The first charts have it in a minute."
        )
        if duration is None:
            code = 0
        code = _watch(stack, duration, terminal)
    except KeyboardInterrupt:
        terminal.say("Stopping.")
    except (ComponentFailed, Unreachable, KafkaException, TimeoutError, subprocess.TimeoutExpired) as error:
        terminal.say(str(error))
        code = EXIT_FAILED
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _give_up)
        begun = time.monotonic()
        stack.close()
        terminal.say(f"All stopped after {time.monotonic() - begun:.0f} s.")
    return code


def command(data: Path, service: str, words: Sequence[str]) -> NoReturn:
    """This process becomes a command of a service, with the service's environment in the running demo.

    Raises preparation.Unusable where no demo runs with `data`.
    """
    layout = Layout(data, Ports(preparation.running(data)))
    program = launcher(service)
    os.execve(program, [program, *words], dict(component(layout, service).environment))


def _give_up(number: int, _frame: FrameType | None) -> None:
    """A second Ctrl-C: the reaper kills what still runs."""
    os._exit(128 + number)


def _watch(stack: Stack, duration: float | None, terminal: Terminal) -> int:
    progress = Progress(stack.layout.servers)
    end = None if duration is None else time.monotonic() + duration
    try:
        while end is None or time.monotonic() < end:
            stack.check()
            try:
                terminal.live(live_line(progress.read(1.0), datetime.now(UTC)), time.monotonic())
            except Unreachable as error:
                terminal.say(f"Kafka: {error}")
        terminal.say("Stopping the producer, then waiting until the rest is on S3 and in Snowflake.")
        for name in (HISTORY, "producer"):
            if name in stack.running():
                stack.stop(name)
        counts = _drain(stack, progress, terminal)
        symbols = progress.symbols(counts, DRAIN_SECONDS)
    finally:
        progress.close()
    code = audit(stack)
    terminal.say(f"{counts.quotes(counts.kafka):,} quotes of {symbols} symbols.")
    return code


def _drain(stack: Stack, progress: Progress, terminal: Terminal) -> Counts:
    """Waits until S3 and Snowflake hold what Kafka holds, at most DRAIN_SECONDS. The audit names the rest."""
    deadline = time.monotonic() + DRAIN_SECONDS
    while True:
        stack.check()
        counts = progress.read(0.5)
        terminal.live(live_line(counts, datetime.now(UTC)), time.monotonic())
        if counts.drained():
            return counts
        if time.monotonic() > deadline:
            terminal.say(f"Not drained after {DRAIN_SECONDS:.0f} s.")
            return counts


def audit(stack: Stack) -> int:
    """Runs `stock-auditor audit --full` on the stack, its output on ours. Returns its exit code."""
    command = script(PARENT_DEATH, str(os.getpid()), launcher("auditor"), "audit", "--full", "--drained")
    return subprocess.run(
        command, env=stack.environment("auditor"), timeout=AUDIT_SECONDS, check=False
    ).returncode
