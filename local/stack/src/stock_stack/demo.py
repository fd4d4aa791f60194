"""`stock-stack demo`: the whole pipeline until Ctrl-C, or for a time and then audited."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TextIO

from confluent_kafka import KafkaException

from stock_kafka.cluster import Unreachable
from stock_stack.counts import Counts, Progress
from stock_stack.infrastructure import JARS
from stock_stack.ports import HOST, Ports
from stock_stack.process import LEASH, script
from stock_stack.screen import Screen, live_line
from stock_stack.services import ALL, NEEDS, launcher
from stock_stack.site import Site
from stock_stack.stack import ComponentFailed, Stack

DRAIN_SECONDS = 120.0
AUDIT_SECONDS = 120.0
MARK = ".stock-stack"
EXIT_FAILED, EXIT_UNUSABLE, EXIT_INTERRUPTED = 1, 2, 130


class Unusable(Exception):
    """The demo cannot start here. The text says what to do."""


def prepare(data: Path, keep: bool) -> TextIO:
    """An empty data directory, or with `keep` the one of the last run. It is ours as long as the returned file is open.

    Raises Unusable for a directory that another demo uses, or that is not ours to empty.
    """
    if not JARS.is_dir() or not all(Path(launcher(name)).exists() for name in NEEDS):
        raise Unusable("The demo is not built yet: run make build.")
    if not shutil.which("java") and not os.environ.get("JAVA_HOME"):
        raise Unusable("Kafka runs on Java: install Maven, which brings it, or use Docker: docker compose up --build --wait.")
    if data.exists() and any(data.iterdir()) and not (data / MARK).exists():
        raise Unusable(f"{data} holds something else: name an empty directory by --data.")
    data.mkdir(parents=True, exist_ok=True)
    mark = (data / MARK).open("w")
    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Unusable(f"Another demo uses {data}: name another directory by --data.") from None
    for old in () if keep else data.iterdir():
        if old.is_dir():
            shutil.rmtree(old)
        elif old.name != MARK:
            old.unlink()
    return mark


def run(data: Path, ports: Ports, duration: float | None, screen: Screen) -> int:
    """Runs the demo and returns its exit code. `duration` in seconds, None: until Ctrl-C."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # A hang-up that nohup had ignored stays ignored; the others end the demo, also where a script runs it in the background.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    begun = time.monotonic()
    code = EXIT_INTERRUPTED
    stack = Stack(Site(data, ports), screen.say)
    try:
        stack.start(*ALL)
        screen.say(f"All up after {time.monotonic() - begun:.0f} s; logs in {stack.site.data / 'logs'}")
        screen.say(f"Dashboard: http://{HOST}:{ports['dashboard']}   (Ctrl-C stops everything)", bold=True)
        if duration is None:
            code = 0
        code = _watch(stack, duration, screen)
    except KeyboardInterrupt:
        screen.say("Stopping.")
    except (ComponentFailed, Unreachable, KafkaException, TimeoutError, subprocess.TimeoutExpired) as error:
        screen.say(str(error))
        code = EXIT_FAILED
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _give_up)
        begun = time.monotonic()
        stack.close()
        screen.say(f"All stopped after {time.monotonic() - begun:.0f} s.")
    return code


def _give_up(number: int, _frame: FrameType | None) -> None:
    """A second Ctrl-C: the watchdog kills what still runs."""
    os._exit(128 + number)


def _watch(stack: Stack, duration: float | None, screen: Screen) -> int:
    progress = Progress(f"{HOST}:{stack.site.ports['kafka']}")
    end = None if duration is None else time.monotonic() + duration
    try:
        while end is None or time.monotonic() < end:
            stack.check()
            try:
                screen.live(live_line(progress.read(1.0), datetime.now(UTC)), time.monotonic())
            except Unreachable as error:
                screen.say(f"Kafka: {error}")
        screen.say("Stopping the producer; waiting until the rest is on S3 and in Snowflake.")
        stack.stop("producer")
        counts = _drain(stack, progress, screen)
        symbols = progress.symbols(counts, DRAIN_SECONDS)
    finally:
        progress.close()
    code = audit(stack)
    screen.say(f"{counts.quotes(counts.kafka):,} quotes of {symbols} symbols.")
    return code


def _drain(stack: Stack, progress: Progress, screen: Screen) -> Counts:
    """Waits until S3 and Snowflake hold what Kafka holds, at most DRAIN_SECONDS: what is missing then, the audit names."""
    deadline = time.monotonic() + DRAIN_SECONDS
    while True:
        stack.check()
        counts = progress.read(0.5)
        screen.live(live_line(counts, datetime.now(UTC)), time.monotonic())
        if counts.drained():
            return counts
        if time.monotonic() > deadline:
            screen.say(f"Not drained after {DRAIN_SECONDS:.0f} s.")
            return counts


def audit(stack: Stack) -> int:
    """Runs `stock-auditor audit --full` on the stack, its output on ours. Returns its exit code."""
    command = script(LEASH, str(os.getpid()), launcher("auditor"), "audit", "--full", "--drained")
    return subprocess.run(command, env=stack.environment("auditor"), timeout=AUDIT_SECONDS, check=False).returncode
