"""How long each stage stood still, and what the services say of themselves, all the time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from stock_kafka.cluster import Unreachable
from stock_stack.counts import PLACES, Counts, Place, Progress

LISTEN_SECONDS = 0.5


class Stop(NamedTuple):
    """A stage that had work for a partition and did none of it for so long."""

    seconds: float
    stage: str
    place: Place

    def __str__(self) -> str:
        return f"{self.seconds:.0f} s, {self.stage}, {self.place[0]}/{self.place[1]}"


class Stops:
    """The longest stop of each stage. Pure: the time is an argument."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, Place], tuple[int, bool, float]] = {}
        self.longest: dict[str, Stop] = {}

    def see(self, counts: Counts, now: float) -> None:
        """`now` is on any clock that goes one way."""
        for place in PLACES:
            ends = [stage.get(place, 0) for stage in (counts.kafka, counts.s3, counts.snowflake)]
            for stage, source, done in (("s3", ends[0], ends[1]), ("snowflake", ends[1], ends[2])):
                self._see(stage, place, source > done, done, now)

    def _see(self, stage: str, place: Place, has_work: bool, done: int, now: float) -> None:
        before, had_work, since = self._seen.get((stage, place), (done, False, now))
        if not (has_work and had_work) or done != before:
            since = now
        self._seen[stage, place] = done, has_work, since
        stop = Stop(now - since, stage, place)
        if stop.seconds > self.longest.get(stage, Stop(0.0, stage, place)).seconds:
            self.longest[stage] = stop


class Watch:
    """Watches in a thread. `faults` gives each partition's fault as the sink says it."""

    def __init__(self, servers: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._progress, self._clock = Progress(servers), clock
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self.stops = Stops()
        self.counts = Counts({}, {}, {})
        self.faults: Mapping[Place, str] = {}
        self._thread.start()

    def on_s3(self, place: Place, offset: int) -> bool:
        """Whether the sink says that `offset` is on S3."""
        return self.counts.s3.get(place, 0) > offset

    def close(self) -> None:
        self._ended.set()
        self._thread.join(30.0)
        self._progress.close()

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self.counts = self._progress.read(LISTEN_SECONDS)
            except Unreachable:
                pass
            else:
                self.faults = self._progress.faults()
            self.stops.see(self.counts, self._clock())
