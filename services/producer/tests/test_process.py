"""The command itself, as a process: what it refuses, how it ends, and that the key is nowhere it wrote."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from test_alphavantage import KEY, Server

COMMAND = (sys.executable, "-m", "stock_producer")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def poll_until(check: Callable[[], object], what: str, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join(5)


@pytest.fixture
def environment(server: Server, tmp_path: Path) -> dict[str, str]:
    return {
        **{name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ},
        "QUOTE_SOURCE": "simulated",
        "ALPHA_VANTAGE_URL": server.url,
        "ALPHA_VANTAGE_API_KEY": KEY,
        "ALPHA_VANTAGE_PLAN": "custom",
        "ALPHA_VANTAGE_CALLS_PER_MINUTE": "1200",
        "ALPHA_VANTAGE_ENTITLEMENT": "realtime",
        "POLL_INTERVAL_SECONDS": "0.2",
        "SYMBOLS": "IBM",
        "MARKET_CALENDAR": "24/7",
        "STATE_DIR": str(tmp_path / "state"),
        "LOG_DIR": str(tmp_path / "logs"),
        "METRICS_PORT": str(free_port()),
        "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}",
    }


@contextmanager
def running(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(COMMAND, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def once(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run((*COMMAND, *arguments), env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_help_has_examples() -> None:
    told = once(dict(os.environ), "--help")
    assert told.returncode == 0
    assert "examples:" in told.stdout


def test_wrong_configuration_exits_with_2_and_starts_nothing(environment: dict[str, str], tmp_path: Path) -> None:
    told = once(environment | {"SYMBOLS": "", "ALPHA_VANTAGE_PLAN": "gold", "METRICS_PORT": "x"})
    assert told.returncode == 2
    assert [name for name in ("SYMBOLS", "ALPHA_VANTAGE_PLAN", "METRICS_PORT") if name not in told.stderr] == []
    assert KEY not in told.stderr + told.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_is_refused_ends_it_with_1(server: Server, environment: dict[str, str]) -> None:
    server.reply = (200, {}, f'{{"Error Message": "the parameter apikey is invalid or missing: {KEY}"}}'.encode())
    told = once(environment)
    assert told.returncode == 1
    assert "Check ALPHA_VANTAGE_API_KEY" in told.stdout
    assert len(server.asked) == 1


def test_without_kafka_it_fetches_keeps_and_ends_cleanly_and_the_key_is_nowhere(server: Server, environment: dict[str, str], tmp_path: Path) -> None:
    metrics = f"http://127.0.0.1:{environment['METRICS_PORT']}"
    with running(environment) as process:
        poll_until(lambda: len(server.asked) >= 3, "three calls")
        server.reply = (200, {}, f'{{"Information": "We have detected your API key as {KEY}: Burst pattern detected"}}'.encode())
        calls = len(server.asked)
        poll_until(lambda: len(server.asked) > calls + 1, "refused calls")
        for same in ({"STATE_DIR": str(tmp_path / "other")}, {"ALPHA_VANTAGE_API_KEY": "another"}):
            other = once(environment | same | {"METRICS_PORT": str(free_port())})
            assert (other.returncode, "Another producer runs" in other.stdout) == (1, True)
        told = urllib.request.urlopen(f"{metrics}/metrics", timeout=5).read().decode()
        assert 'stock_producer_refusals_total{kind="burst"}' in told
        with pytest.raises(urllib.error.HTTPError, match="503"):
            urllib.request.urlopen(f"{metrics}/readyz", timeout=5)
        title = Path(f"/proc/{process.pid}/cmdline").read_bytes().decode() if Path("/proc").exists() else ""
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=30)
        assert process.returncode == 0, output
    assert json.loads(output.splitlines()[-1])["event"] == "closed"
    written = [path.read_bytes() for folder in ("state", "logs") for path in (tmp_path / folder).rglob("*") if path.is_file()]
    assert len(written) >= 4
    assert not any(KEY.encode() in text for text in (*written, output.encode(), told.encode(), title.encode(), other.stdout.encode()))


def test_the_plan_is_told_without_key_and_without_a_call() -> None:
    bare = {"PATH": os.environ["PATH"]}
    told = once(bare, "plan", "--plan", "free", "--symbols", "AAPL,MSFT,IBM")
    assert (told.returncode, "TIME_SERIES_DAILY" in told.stdout) == (0, True)
    found = json.loads(once(bare, "plan", "--plan", "75", "--symbols", "aapl", "--json").stdout)
    assert (found["plan"], found["symbols"], found["oldest_seconds"]) == ("75", ["AAPL"], 905.0)
    assert once(bare, "plan").returncode == 2
