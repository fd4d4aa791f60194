"""The command backfill, killed three times, against the market look-alike."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
from collections import Counter
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from market import look_alike
from test_process import COMMAND, environment, free_port, poll_until, server

from stock_common.records import Bar, decode

__all__ = ["environment", "server"]
SYMBOLS = [f"S{number}" for number in range(17)] + ["AAPL", "IBM", "MSFT"]


def marks(path: Path) -> int:
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path, timeout=5)) as connection:
        try:
            return connection.execute("SELECT COUNT(*) FROM marks").fetchone()[0]
        except sqlite3.OperationalError:
            return 0


def bars(path: Path) -> list[Bar]:
    with closing(sqlite3.connect(path, timeout=5)) as connection:
        return [decode(value, Bar) for (value,) in connection.execute("SELECT value FROM outbox ORDER BY seq")]


def test_two_years_of_20_symbols_killed_three_times(environment: dict[str, str], tmp_path: Path) -> None:
    state = tmp_path / "state" / "outbox.sqlite"
    last = date.today() - timedelta(days=3)
    first = last.replace(year=last.year - 2, day=1)
    arguments = ("backfill", "--symbols", ",".join(SYMBOLS), "--from", str(first), "--to", str(last))
    with look_alike(MARKET_PLAN="75", MARKET_CALENDAR="XNYS") as market:
        variables = {name: value for name, value in environment.items() if not name.startswith("ALPHA_VANTAGE_")} | {
            "ALPHA_VANTAGE_PLAN": "custom",
            "ALPHA_VANTAGE_ENTITLEMENT": "delayed",
            "ALPHA_VANTAGE_CALLS_PER_SECOND": "5",
            "ALPHA_VANTAGE_URL": market.url,
            "ALPHA_VANTAGE_API_KEY": "any",
            "METRICS_PORT": str(free_port()),
        }
        # A minute's limit holds each run up where it is killed: a kill during a call would cost that call again.
        for until in (5, 10, 15, 20):
            process = subprocess.Popen(
                (*COMMAND, *arguments),
                env=variables | {"ALPHA_VANTAGE_CALLS_PER_MINUTE": str(until)},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            try:
                poll_until(lambda until=until: marks(state) >= until, f"{until} calls")
                process.send_signal(signal.SIGTERM if until == 20 else signal.SIGKILL)
                output, _ = process.communicate(timeout=20)
            finally:
                if process.poll() is None:
                    process.kill()
                    process.communicate()
        assert "20/20 calls done, 0 to go" in output
        assert process.returncode == 1, "Kafka was away"
        assert (market.answered(), market.refused()) == (20, 0)
    found = bars(state)
    assert len({bar.event_id for bar in found}) == len(found)
    count = Counter((bar.symbol, bar.adjusted) for bar in found)
    assert set(count) == {(symbol, adjusted) for symbol in SYMBOLS for adjusted in (False, True)}
    assert len(set(count.values())) == 1
    assert 500 <= count["IBM", False] <= 530
