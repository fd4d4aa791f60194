"""Processes on free ports: the market and the producer, as the integration tests run them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def wait(what: str, check: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.3)


def listens(address: tuple[str, int]) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(address) == 0


@contextmanager
def producing(folder: Path, bootstrap: str) -> Iterator[None]:
    """The pipeline's producer against the local market, as the integration tests run it."""
    port = free_port()
    with process("stock-market", "local/market", folder, market(port)):
        wait("stock-market", lambda: listens(("127.0.0.1", port)))
        with process(
            "stock-producer", "services/producer", folder, producer(folder, bootstrap, port)
        ) as started:
            yield
            started.send_signal(signal.SIGTERM)
            assert started.wait(40) == 0


@contextmanager
def process(
    name: str, place: str, folder: Path, environment: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A command of a folder's environment, with a log in `folder`. It is killed where it runs to the end."""
    with (folder / f"{name}.log").open("wb") as log:
        started = subprocess.Popen(
            [ROOT / place / ".venv/bin" / name], env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        yield started
    finally:
        if started.poll() is None:
            started.kill()
            started.wait(10)


def market(port: int) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "MARKET_CALENDAR": "24/7",
        "MARKET_HOST": "127.0.0.1",
        "MARKET_PORT": str(port),
        "MARKET_PLAN": "1200",
    }


def producer(folder: Path, bootstrap: str, market_port: int) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "MARKET_CALENDAR": "24/7",
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "KAFKA_REPLICATION_FACTOR": "1",
        "QUOTE_SOURCE": "simulated",
        "ALPHA_VANTAGE_PLAN": "1200",
        "ALPHA_VANTAGE_API_KEY": "test",
        "ALPHA_VANTAGE_URL": f"http://127.0.0.1:{market_port}/query",
        "POLL_INTERVAL_SECONDS": "1",
        "SYMBOLS": ",".join(f"S{number}" for number in range(24)),
        "STATE_DIR": str(folder / "state"),
        "METRICS_PORT": str(free_port()),
    }
