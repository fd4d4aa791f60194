from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from support.process import KEY, Server, free_port
from support.world import World

from stock_producer.market import calendars


def pytest_configure(config: pytest.Config) -> None:
    # Ours is the lock that keeps pandas 4 away from a calendar library that is not ready for it.
    config.addinivalue_line("filterwarnings", "ignore:Series.values returning an ndarray:DeprecationWarning")


@pytest.fixture(scope="session", autouse=True)
def _each_calendar_once() -> Iterator[None]:
    """The library takes a tenth of a second for a calendar, and many tests live through the same days."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(calendars, "_calendar", cache(calendars._calendar))
        yield


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    if hasattr(made, "outbox"):
        made.die()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.release.set()
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
