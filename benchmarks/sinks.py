"""Sink processes that drain a backlog, watched from outside: their logs, their metrics, /proc, and at the end the objects themselves."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import count, pairwise
from pathlib import Path
from typing import Any, NamedTuple

from backlog import Backlog

from stock_common import keys, links
from stock_common.deadline import Deadline
from stock_common.links import Link
from stock_common.topics import QUOTES
from stock_stack.ports import HOST
from stock_stack.process import LEASH, script
from stock_stack.services import launcher

LOOK_SECONDS = 0.1
TICKS = os.sysconf("SC_CLK_TCK")
CONSUMED, ROWS = (f'stock_s3_sink_{name}_total{{topic="{QUOTES.name}"}}' for name in ("records_consumed", "rows"))
_numbers = count(1)


class SinkProcess:
    """One running sink. `peak` in bytes (VmHWM) and `cpu` in seconds, as last looked at."""

    def __init__(self, environment: Mapping[str, str], metrics_port: int, log: Path) -> None:
        self.log, self.peak, self.cpu = log, 0, 0.0
        self._port = metrics_port
        self._output = log.open("wb")
        command = script(LEASH, str(os.getpid()), launcher("s3-sink"))
        variables = {**environment, "METRICS_PORT": str(metrics_port)}
        self.process = subprocess.Popen(command, env=variables, stdin=subprocess.DEVNULL, stdout=self._output, stderr=subprocess.STDOUT)

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
        """A sample of /metrics by its name with labels; 0 while there is none."""
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
    """`seconds` from the first assignment to the last object's put, `whole` from the start of the processes to their end.

    `peaks` in bytes, one a process; `cpu` seconds of all; `events`: log lines of each process.
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


def drain(
    held: Backlog,
    records: int,
    processes: int = 1,
    environment: Mapping[str, str] | None = None,
    *,
    limit: float = 300.0,
    counter: str = CONSUMED,
    watch: Callable[[SinkProcess], None] = lambda sink: None,
) -> Drained:
    """Drains the backlog with new sinks into a new bucket until `counter` says so, ends them by SIGTERM, makes sure that each offset is there once.

    `watch` looks at each sink ten times a second. Raises RuntimeError when an offset is not there, or when a sink ended badly or too late.
    """
    number = next(_numbers)
    bucket = f"bench-{number}"
    held.make_bucket(bucket)
    variables = {**held.environment, "S3_BUCKET": bucket, "KAFKA_GROUP": bucket, "FLUSH_SECONDS": "60", **(environment or {})}
    data, ports = held.stack.site.data, held.stack.site.ports
    begun = time.monotonic()
    names = [f"bench-sink-{instance}" for instance in range(processes)]
    sinks = [SinkProcess(variables, ports[name], data / f"{name}-{number}.log") for name in names]
    try:
        _until(sinks, counter, records, watch, Deadline(limit))
        _close(sinks)
        whole = time.monotonic() - begun
        events = [sink.events() for sink in sinks]
        found = chain_links(held, bucket)
        check(found, held.ends(), records)
        size = sum(item["bytes"] for lines in events for item in lines if item["event"] == "link put")
    finally:
        for sink in sinks:
            sink.end()
        held.drop_bucket(bucket)
    return Drained(records, _seconds(events), whole, [sink.peak for sink in sinks], sum(sink.cpu for sink in sinks), len(found), size, events)


def _until(sinks: list[SinkProcess], counter: str, records: int, watch: Callable[[SinkProcess], None], deadline: Deadline) -> None:
    while sum(sink.sample(counter) for sink in sinks) < records:
        for sink in sinks:
            sink.look()
            watch(sink)
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


def _seconds(events: list[list[dict[str, Any]]]) -> float:
    def times(event: str) -> list[datetime]:
        return [datetime.fromisoformat(item["time"]) for lines in events for item in lines if item["event"] == event]

    return (max(times("link put")) - min(times("assigned"))).total_seconds()


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
    """Raises RuntimeError unless the links cover each partition from 0 to its end, in order, without a hole."""
    if sum(link.rows for link in found) != records:
        raise RuntimeError(f"{sum(link.rows for link in found)} rows on S3, {records} in Kafka")
    for partition, end in ends.items():
        chain = [link for link in found if link.key.partition == partition]
        if end and not (chain and chain[0].first == 0 and chain[-1].last == end - 1 and all(a.last + 1 == b.first for a, b in pairwise(chain))):
            raise RuntimeError(f"partition {partition} is not whole: {[(link.first, link.last) for link in chain]}, end {end}")
