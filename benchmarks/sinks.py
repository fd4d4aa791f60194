"""Sink processes that drain a backlog, watched from outside: logs, metrics, /proc and objects."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.backlog import Backlog
from stock_common import keys, links
from stock_common.deadline import Deadline
from stock_common.links import Link
from stock_common.topics import QUOTES
from stock_stack.ports import HOST
from stock_stack.process import PARENT_DEATH, script
from stock_stack.services import launcher

LOOK_SECONDS = 0.1
TICKS = os.sysconf("SC_CLK_TCK")
CONSUMED, ROWS = (
    f'stock_s3_sink_{name}_total{{topic="{QUOTES.name}"}}' for name in ("records_consumed", "rows")
)
_numbers = count(1)


class SinkProcess:
    """One running sink. `peak` (bytes, VmHWM) and `cpu` (seconds) are those of the last look."""

    def __init__(self, environment: Mapping[str, str], metrics_port: int, log: Path) -> None:
        self.log, self.peak, self.cpu = log, 0, 0.0
        self._port = metrics_port
        self._output = log.open("wb")
        command = script(PARENT_DEATH, str(os.getpid()), launcher("s3-sink"))
        variables = {**environment, "METRICS_PORT": str(metrics_port)}
        self.process = subprocess.Popen(
            command, env=variables, stdin=subprocess.DEVNULL, stdout=self._output, stderr=subprocess.STDOUT
        )

    def look(self) -> None:
        """Notes memory and CPU. Nothing new once the process has ended."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text()
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return
        if peak := re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE):
            self.peak = max(self.peak, int(peak[1]) * 1024)
            self.cpu = (int(fields[11]) + int(fields[12])) / TICKS

    def metrics(self) -> str:
        """The text of /metrics, empty while there is none."""
        connection = http.client.HTTPConnection(HOST, self._port, timeout=2)
        try:
            connection.request("GET", "/metrics")
            return connection.getresponse().read().decode()
        except (OSError, http.client.HTTPException):
            return ""
        finally:
            connection.close()

    def sample(self, name: str) -> float:
        """A sample of /metrics by its name with labels. 0 while there is none."""
        found = re.search(rf"^{re.escape(name)} (\S+)$", self.metrics(), re.MULTILINE)
        return float(found[1]) if found else 0.0

    def events(self) -> list[dict[str, Any]]:
        """The log's lines."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self._output.close()


class Drained(NamedTuple):
    """A backlog that was drained.

    seconds: from the first assignment to the last object's put. whole: from the processes' start to their
    end.
    peaks: bytes, one a process. cpu: seconds of all. events: log lines of each process.
    """

    records: int
    seconds: float
    whole: float
    peaks: list[int]
    cpu: float
    objects: int
    object_bytes: int
    events: list[list[dict[str, Any]]]

    @property
    def rate(self) -> float:
        return self.records / self.seconds


@dataclass(frozen=True)
class Drain:
    """How to drain a backlog of `records`.

    processes: how many sinks at once. environment: variables in addition to the stack's.
    limit: seconds that it may take. counter: the metric that says how many records are done.
    watch: called with each sink ten times a second.
    """

    records: int
    processes: int = 1
    environment: Mapping[str, str] = field(default_factory=dict)
    limit: float = 300.0
    counter: str = CONSUMED
    watch: Callable[[SinkProcess], None] = lambda sink: None


def drain(held: Backlog, how: Drain) -> Drained:
    """Drains the backlog with new sinks into a new bucket, ends them by SIGTERM, and checks every offset.

    Raises RuntimeError when an offset is missing or there twice, or when a sink ended badly or too late.
    """
    number = next(_numbers)
    bucket = f"bench-{number}"
    held.make_bucket(bucket)
    begun = time.monotonic()
    sinks = _started(held, how, bucket, number)
    try:
        _until(sinks, how)
        _close(sinks)
        whole = time.monotonic() - begun
        events = [sink.events() for sink in sinks]
        found = chain_links(held, bucket)
        check(found, held.ends(), how.records)
    finally:
        for sink in sinks:
            sink.end()
        held.drop_bucket(bucket)
    return Drained(
        records=how.records,
        seconds=_seconds(events),
        whole=whole,
        peaks=[sink.peak for sink in sinks],
        cpu=sum(sink.cpu for sink in sinks),
        objects=len(found),
        object_bytes=sum(item["bytes"] for item in _named(events, "link put")),
        events=events,
    )


def _started(held: Backlog, how: Drain, bucket: str, number: int) -> list[SinkProcess]:
    variables = {
        **held.environment,
        "S3_BUCKET": bucket,
        "KAFKA_GROUP": bucket,
        "FLUSH_SECONDS": "60",
        **how.environment,
    }
    data, ports = held.stack.layout.data, held.stack.layout.ports
    names = [f"bench-sink-{instance}" for instance in range(how.processes)]
    return [SinkProcess(variables, ports[name], data / f"{name}-{number}.log") for name in names]


def _until(sinks: list[SinkProcess], how: Drain) -> None:
    """Waits until the counters of all sinks together say that the backlog is drained."""
    deadline = Deadline(how.limit)
    while sum(sink.sample(how.counter) for sink in sinks) < how.records:
        for sink in sinks:
            sink.look()
            how.watch(sink)
            if sink.process.poll() is not None:
                raise RuntimeError(f"a sink ended: {sink.log.read_text()[-2000:]}")
        if deadline.passed:
            raise RuntimeError("the backlog was not drained in time")
        time.sleep(LOOK_SECONDS)


def _close(sinks: list[SinkProcess]) -> None:
    for sink in sinks:
        sink.look()
        sink.process.send_signal(signal.SIGTERM)
    deadline = Deadline(40)
    while any(sink.process.poll() is None for sink in sinks):
        for sink in sinks:
            sink.look()
        if deadline.passed:
            raise RuntimeError("a sink did not end")
        time.sleep(LOOK_SECONDS / 5)
    if codes := [sink.process.returncode for sink in sinks if sink.process.returncode]:
        raise RuntimeError(f"a sink ended with {codes}")


Events = list[list[dict[str, Any]]]
"""Log lines of each process."""


def _named(events: Events, event: str) -> list[dict[str, Any]]:
    return [item for lines in events for item in lines if item["event"] == event]


def _seconds(events: Events) -> float:
    """From the first assignment to the last put."""
    begun, ended = (
        [datetime.fromisoformat(item["time"]) for item in _named(events, event)]
        for event in ("assigned", "link put")
    )
    return (max(ended) - min(begun)).total_seconds()


def chain_links(held: Backlog, bucket: str) -> list[Link]:
    """The links on S3, in key order."""
    client = held.s3()
    found = []
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for item in page.get("Contents", ()):
            head = client.head_object(Bucket=bucket, Key=item["Key"])
            found.append(links.from_metadata(keys.parse(item["Key"]), head["Metadata"]))
    return found


def check(found: list[Link], ends: Mapping[int, int], records: int) -> None:
    """Raises RuntimeError unless the links cover each partition from 0 to its end in order, without holes."""
    rows = sum(link.rows for link in found)
    if rows != records:
        raise RuntimeError(f"{rows} rows on S3, {records} in Kafka")
    for partition, end in ends.items():
        chain = [(link.first, link.last) for link in found if link.key.partition == partition]
        if end and not whole(chain, end):
            raise RuntimeError(f"partition {partition} is not whole: {chain}, end {end}")


def whole(chain: list[tuple[int, int]], end: int) -> bool:
    """Whether the (first, last) offsets join from 0 to before `end`."""
    edges = [-1, *(edge for link in chain for edge in link), end]
    joins = zip(edges[::2], edges[1::2], strict=True)
    return bool(chain) and all(last + 1 == first for last, first in joins)
