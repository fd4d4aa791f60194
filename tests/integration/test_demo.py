"""`stock-stack demo`: Ctrl-C ends everything within 30 s, and not even SIGKILL leaves anything running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stock_stack.ports import PUBLIC, free, variable
from stock_testing import processes
from stock_testing.poll import poll_until

START_SECONDS = 90
STOP_SECONDS = 30


class Demo:
    """A demo on free ports, its output in a file."""

    def __init__(self, data: Path) -> None:
        self.data = data
        # Held until the end, or another stack could take the block while the demo starts.
        self._ports = free()
        chosen = {variable(part): str(self._ports[part]) for part in PUBLIC}
        self.output = data.with_suffix(".out")
        with self.output.open("wb") as output:
            command = [sys.executable, "-m", "stock_stack", "demo", "--data", str(data)]
            self.process = subprocess.Popen(
                command,
                env=os.environ | chosen,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def close(self) -> None:
        self.process.kill()
        self.process.wait(10)
        self._ports.release()

    def says(self, text: str) -> bool:
        assert self.process.poll() is None or text in self.output.read_text(), self.output.read_text()
        return text in self.output.read_text()


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    demo = Demo(tmp_path / "demo")
    yield demo
    demo.close()


def test_ctrl_c_ends_everything(demo: Demo) -> None:
    poll_until(lambda: demo.says("Dashboard: http://"), "the demo is up", START_SECONDS)
    poll_until(lambda: demo.says("quotes: Kafka"), "the line that lives", 30)
    assert len(processes.of(demo.data)) >= 10
    begun = time.monotonic()
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(STOP_SECONDS) == 0, demo.output.read_text()
    assert time.monotonic() - begun < STOP_SECONDS
    assert processes.of(demo.data) == {}
    stops = [
        line.removeprefix("stopping ")
        for line in demo.output.read_text().splitlines()
        if line.startswith("stopping ")
    ]
    order = [
        stops.index(name)
        for name in ("producer", "s3-sink", "sf-loader", "auditor", "snowflake", "s3", "kafka", "zookeeper")
    ]
    assert order == sorted(order)


def test_a_demo_killed_by_sigkill_leaves_nothing(demo: Demo) -> None:
    poll_until(lambda: demo.says("producer ready"), "the producer is up", START_SECONDS)
    demo.process.kill()
    demo.process.wait(10)
    poll_until(lambda: not processes.of(demo.data), "no process is left", 30)
