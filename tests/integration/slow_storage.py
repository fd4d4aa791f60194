"""A backlog that the sink drains to a slow S3 server: its memory, membership, heartbeat, order and speed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any, NamedTuple

from benchmarks.backlog import Backlog
from benchmarks.report import spread, table
from benchmarks.sinks import ROWS, Drain, SinkProcess, drain
from stock_testing.proxy import Running, Throttle

SETTLE_SECONDS = 180.0
"""What a run may take in addition to the time of the bytes."""


class Watch:
    """What a sink's metrics show while it runs. `sick`: looks at which its heartbeat was not healthy."""

    def __init__(self) -> None:
        self.pauses, self.sick, self._paused = 0, 0, False

    def __call__(self, sink: SinkProcess) -> None:
        metrics = sink.metrics()
        if not metrics:
            return
        paused = "\nstock_s3_sink_paused 1.0" in metrics
        self.pauses += paused and not self._paused
        self._paused = paused
        self.sick += "\nstock_heartbeat_healthy 1.0" not in metrics


class Outcome(NamedTuple):
    """One run.

    share: how much of the proxy's rate was used, from the first put on.
    rebalances: partitions that were assigned or revoked after the first assignment.
    """

    seconds: float
    peak_mb: float
    share: float
    object_mb: float
    objects: int
    pauses: int
    sick: int
    rebalances: int
    retries: int

    def faults(self, peak_mb: float, busy: float) -> list[str]:
        """What is wrong, where the memory must be below `peak_mb` and the share at least `busy`."""
        found = {
            f"peak memory {self.peak_mb:.0f} MB": self.peak_mb >= peak_mb,
            "no pause: the storage was not the limit": not self.pauses,
            f"heartbeat failed {self.sick} times": self.sick > 0,
            f"{self.rebalances} moves of partitions": self.rebalances > 0,
            f"storage used at {self.share:.0%} of its rate": self.share < busy,
        }
        return [text for text, bad in found.items() if bad]


def run(held: Backlog, records: int, rate: float, environment: Mapping[str, str]) -> Outcome:
    """Drains the backlog to S3 at `rate` bytes a second.

    Raises RuntimeError when the chains on S3 are not whole and in order.
    """
    watch = Watch()
    with closing(Running(Throttle(held.stack.layout.ports["s3"], rate))) as slow:
        variables = {"S3_ENDPOINT_URL": slow.url, "FLUSH_SECONDS": "5", **environment}
        limit = records * 80 / rate + SETTLE_SECONDS
        done = drain(held, Drain(records, environment=variables, limit=limit, counter=ROWS, watch=watch))
    events = done.events[0]
    return Outcome(
        seconds=done.seconds,
        peak_mb=max(done.peaks) / 1e6,
        share=done.object_bytes / done.seconds / rate,
        object_mb=done.object_bytes / 1e6,
        objects=done.objects,
        pauses=watch.pauses,
        sick=watch.sick,
        rebalances=moves(events),
        retries=sum(item["event"] == "put is tried again" for item in events),
    )


def moves(events: Sequence[Mapping[str, Any]]) -> int:
    """Partitions that were given a second time, or taken before the last put. (At the end all are taken.)"""
    given = [(item["topic"], item["partition"]) for item in events if item["event"] == "assigned"]
    last_put = max(place for place, item in enumerate(events) if item["event"] == "link put")
    taken = sum(item["event"] in ("revoked", "lost") for item in events[:last_put])
    return len(given) - len(set(given)) + taken


def report(done: Sequence[Outcome]) -> str:
    """The runs as a Markdown table."""
    rows = [
        ["seconds", spread([one.seconds for one in done], 1)],
        ["peak memory, MB", spread([one.peak_mb for one in done], 0)],
        ["share of S3's rate", spread([one.share for one in done])],
        ["Parquet, MB", spread([one.object_mb for one in done], 1)],
        ["objects", spread([one.objects for one in done], 0)],
        ["pauses seen", spread([one.pauses for one in done], 0)],
        ["moves of partitions", spread([one.rebalances for one in done], 0)],
        ["heartbeats missed", spread([one.sick for one in done], 0)],
        ["puts tried again", spread([one.retries for one in done], 0)],
    ]
    return table(["figure", "min / median / max"], rows)
