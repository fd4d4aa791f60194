"""A backlog against an S3 that takes one megabyte a second: the sink's memory, membership, heartbeat, order and speed.

    make bench-slow_storage                                              2,000,000 quotes at 1 MB/s: about two minutes a run, five runs
    make bench-slow_storage ARGS="--records 200000 --runs 1"

The S3 server is reached through a proxy that limits bytes a second. Exit code 1 when memory reached 500 MB, the group rebalanced,
the heartbeat failed, or the storage was not kept busy. Order and completeness are checked object by object.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import NamedTuple

from backlog import Backlog, backlog
from figures import machine, spread, table
from sinks import ROWS, SinkProcess, drain
from throttle import Throttle

from stock_stack.ports import HOST

RATE = 1_000_000
PEAK_MB = 500
BUSY_SHARE = 0.9
SETTLE_SECONDS = 60.0
"""What a run may take beside the bytes' own time."""


class Watch:
    """What is seen from outside while it runs."""

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
    """One run. `share`: of the proxy's rate that was used from the first put on; `rebalances`: partitions given or taken beyond the first time."""

    seconds: float
    peak_mb: float
    share: float
    object_mb: float
    objects: int
    pauses: int
    sick: int
    rebalances: int
    retries: int

    def faults(self, peak_mb: float = PEAK_MB, busy: float = BUSY_SHARE) -> list[str]:
        """What is not as it must be."""
        found = {
            f"peak memory {self.peak_mb:.0f} MB": self.peak_mb >= peak_mb,
            "no pause: the storage was not the limit": not self.pauses,
            f"heartbeat failed {self.sick} times": self.sick > 0,
            f"{self.rebalances} moves of partitions": self.rebalances > 0,
            f"storage used at {self.share:.0%} of its rate": self.share < busy,
        }
        return [text for text, bad in found.items() if bad]


def run(held: Backlog, records: int, rate: float = RATE, environment: Mapping[str, str] | None = None) -> Outcome:
    """Drains the backlog through the proxy. Raises RuntimeError when the chains on S3 are not whole and in order."""
    proxy, watch = Throttle((HOST, held.stack.site.ports["s3"]), rate), Watch()
    variables = {"S3_ENDPOINT_URL": f"http://{HOST}:{proxy.port}", "FLUSH_SECONDS": "5", **(environment or {})}
    try:
        done = drain(held, records, environment=variables, limit=records * 80 / rate + SETTLE_SECONDS, counter=ROWS, watch=watch)
    finally:
        proxy.close()
    events = done.events[0]
    given = [(item["topic"], item["partition"]) for item in events if item["event"] == "assigned"]
    # The partitions that leave at the end, after the last put, are no move.
    last_put = max(place for place, item in enumerate(events) if item["event"] == "link put")
    left = sum(item["event"] in ("revoked", "lost") for item in events[:last_put])
    moves = len(given) - len(set(given)) + left
    retries = sum(item["event"] == "put is tried again" for item in events)
    share = done.object_bytes / done.seconds / rate
    peak = max(done.peaks) / 1e6
    return Outcome(done.seconds, peak, share, done.object_bytes / 1e6, done.objects, watch.pauses, watch.sick, moves, retries)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=2_000_000)
    parser.add_argument("--rate", type=float, default=RATE, help="bytes a second that reach S3")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    done = []
    with backlog(options.records) as held:
        for _ in range(options.runs):
            done.append(run(held, options.records, options.rate))
            print(done[-1], flush=True)
    print(f"\n{machine()}; {options.records:,} quotes, S3 at {options.rate / 1e6:g} MB/s; min / median / max of {len(done)}\n")
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
    print(table(["figure", "min / median / max"], rows))
    faults = [text for one in done for text in one.faults()]
    print("\n".join(f"MISSED: {text}" for text in faults) or "met: memory, membership, heartbeat, order, S3's speed")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
