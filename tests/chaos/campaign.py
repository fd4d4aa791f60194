"""One run: the faults of a plan at their times, then quiet, and everything drained."""

from __future__ import annotations

import signal
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from chaos import history, observe
from chaos.brokers import Brokers
from chaos.content import Outcome
from chaos.content_faults import ContentFaults
from chaos.faults import Faults
from chaos.kafka_errors import Refusals
from chaos.observe import Reader
from chaos.plan import CONTENT, ROTATIONS, Fault
from chaos.report import Run
from chaos.rig import Rig
from chaos.rotations import Rotations
from chaos.supervisor import Supervisor
from chaos.watch import Watch
from stock_kafka.cluster import Unreachable
from stock_stack.counts import Progress
from stock_stack.layout import warehouse

TICK_SECONDS = 0.1
LATE_SECONDS = 600.0
"""Faults may be so much later than planned: each waits until its process runs."""
SETTLE_SECONDS = 300.0
OUTBOX_ROUNDS = 8
DRAIN_SECONDS = 300.0


class NotCarriedOut(Exception):
    """The run could not be finished: nothing is proven. The text says what it waited for."""


class Campaign:
    """`say` gets one line a fault."""

    def __init__(
        self, rig: Rig, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rig, self._say, self._clock = rig, say, clock
        outcome = Outcome()
        self._servers = rig.layout.servers
        self._refusals = Refusals(self._servers)
        self.supervisor = Supervisor(rig.stack, clock)
        self.watch = Watch(self._servers)
        self._brokers = Brokers(rig.layout, self.supervisor, outcome, clock)
        self.content = ContentFaults(rig, self.watch, self._brokers, outcome, clock)
        self._rotations = Rotations(rig, self.supervisor, outcome, clock)
        kafka = (self._brokers, self._refusals)
        self.faults = Faults(rig.stack, self.supervisor, rig.proxies, kafka, self._other, clock)
        self.done: list[Fault] = []
        self._reader = Reader(warehouse(rig.layout))

    def history(self, file: Path, last_audit: Mapping[str, Any]) -> list[str]:
        """Writes what was seen to the file. Returns what is wrong with it."""
        seen = [*self._reader.reads, observe.verdict(last_audit, time.time())]
        observe.write(self._rig, self.content.outcome, seen, file)
        return history.judge(history.read(file))

    def run(self, faults: list[Fault]) -> None:
        """Carries all of them out. Raises NotCarriedOut when that takes much longer than planned."""
        begun, waiting = self._clock(), list(faults)
        active: dict[str, tuple[Fault, Iterator[None]]] = {}
        while waiting or active:
            self.supervisor.tick()
            now = self._clock() - begun
            for fault in [fault for fault in waiting if fault.at <= now]:
                if fault.target not in active:
                    active[fault.target] = fault, self.faults.carry_out(fault)
                    waiting.remove(fault)
                    self._say(_line(fault, now, len(faults)))
            for target, (fault, steps) in list(active.items()):
                if next(steps, self) is self:
                    del active[target]
                    self.done.append(fault)
            if now > faults[-1].at + LATE_SECONDS:
                raise NotCarriedOut(
                    f"{len(waiting) + len(active)} faults were not done in time, first on {', '.join(active)}"
                )
            time.sleep(TICK_SECONDS)

    def drain(self) -> None:
        """Waits until everything runs, the outbox is empty, and S3 and Snowflake hold the rest.

        Raises NotCarriedOut. Not being drained in time is no error here: the audit names what is missing.
        """
        self._until(
            lambda: all(self.supervisor.up(name) for name in self._rig.parts),
            SETTLE_SECONDS,
            "everything to run",
        )
        self._empty_outbox()
        progress = Progress(self._servers)
        try:
            end = self._clock() + DRAIN_SECONDS
            while self._clock() < end and not self._drained(progress):
                self.supervisor.tick()
        finally:
            progress.close()

    def result(self, seed: int, faults: Sequence[Fault], seconds: float) -> Run:
        stops = list(self.watch.stops.longest.values())
        others = ROTATIONS if self._rig.layout.secure else CONTENT
        run = Run(seed, faults, self.done, self.supervisor.own, self.content.outcome, stops, seconds)
        return run._replace(others=others)

    def close(self) -> None:
        self._reader.close()
        self._refusals.close()
        self._rotations.close()
        self._brokers.close()
        self.content.close()
        self.watch.close()

    def _other(self, fault: Fault) -> Iterator[None]:
        rotates = (fault.component, fault.kind) in ROTATIONS
        return (self._rotations if rotates else self.content).carry_out(fault)

    def _drained(self, progress: Progress) -> bool:
        try:
            return progress.read(0.5).drained()
        except Unreachable:
            return False

    def _empty_outbox(self) -> None:
        """Stops the producer for good, once everything that it has fetched is in Kafka."""
        for _ in range(OUTBOX_ROUNDS):
            self._until(lambda: self.supervisor.up("producer"), SETTLE_SECONDS, "the producer to run")
            self.supervisor.retire("producer", signal.SIGTERM)
            self._until(lambda: not self.supervisor.runs("producer"), SETTLE_SECONDS, "the producer to end")
            left = self._outbox()
            if left == 0:
                return
            self._say(f"{left} messages in the outbox: the producer is started again")
            self.supervisor.start("producer")
        raise NotCarriedOut("the producer's outbox did not empty")

    def _outbox(self) -> int:
        file = self._rig.layout.data / "producer" / "outbox.sqlite"
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as outbox:
            return outbox.execute("SELECT COUNT(*) FROM outbox").fetchone()[0]

    def _until(self, check: Callable[[], bool], seconds: float, what: str) -> None:
        end = self._clock() + seconds
        while not check():
            self.supervisor.tick()
            if self._clock() > end:
                raise NotCarriedOut(f"waited {seconds:.0f} s for {what}")
            time.sleep(TICK_SECONDS)


def _line(fault: Fault, now: float, count: int) -> str:
    length = f"{fault.seconds:.0f} s" if fault.seconds else ""
    at = f"{now // 60:02.0f}:{now % 60:04.1f}"
    return f"{at}  {fault.number:3d}/{count}  {fault.target:<12} {fault.kind:<8} {length}".rstrip()
