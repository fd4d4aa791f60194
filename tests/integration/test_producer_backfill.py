"""Two and a half years of daily bars of 20 symbols, killed three times.

Kafka and Snowflake have each bar, nothing is doubled, and no call is wasted.
"""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import urllib.request
from collections import Counter
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from stock_common.records import Bar, decode
from stock_common.topics import BARS
from stock_stack.services import launcher
from stock_testing.messages import read
from stock_testing.pipeline import Pipeline
from stock_testing.poll import poll_until

SYMBOLS = ["NVDA", *(f"S{number}" for number in range(19))]
FIRST, LAST = date(2024, 6, 1), date(2026, 10, 31)
SPLIT = date(2024, 6, 10)
DAYS = {FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)}
"""The look-alike's market trades each day of the week."""
KEY = "backfill-of-the-test"
KILLED_AFTER = (5, 10, 15)
WHERE = f"symbol IN ({', '.join(repr(symbol) for symbol in SYMBOLS)})"


def calls(pipeline: Pipeline) -> Counter[tuple[str, str]]:
    """(function, outcome) → the calls with our key."""
    state = json.loads(
        urllib.request.urlopen(pipeline.stack.layout.url("market", "/control"), timeout=30).read()
    )
    return Counter(
        {
            (entry["function"], entry["outcome"]): entry["calls"]
            for entry in state["calls"]
            if entry["apikey"] == KEY
        }
    )


def done(file: Path) -> int:
    """Calls whose bars are in the outbox."""
    if not file.exists():
        return 0
    with closing(sqlite3.connect(file, timeout=10)) as connection:
        try:
            return connection.execute("SELECT COUNT(*) FROM marks").fetchone()[0]
        except sqlite3.OperationalError:
            return 0


def backfill(pipeline: Pipeline, state: Path, a_minute: int) -> subprocess.Popen[str]:
    """The command, with a plan that lets it make so many calls and then wait.

    A kill while a call is under way would cost that call again.
    """
    environment = pipeline.stack.environment("producer") | {
        "STATE_DIR": str(state),
        "ALPHA_VANTAGE_API_KEY": KEY,
        "ALPHA_VANTAGE_PLAN": "custom",
        "ALPHA_VANTAGE_ENTITLEMENT": "realtime",
        "ALPHA_VANTAGE_CALLS_PER_MINUTE": str(a_minute),
    }
    command = (
        launcher("producer"),
        "backfill",
        "--symbols",
        ",".join(SYMBOLS),
        "--from",
        str(FIRST),
        "--to",
        str(LAST),
    )
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def bars(pipeline: Pipeline) -> list[Bar]:
    found = [decode(message.value() or b"", Bar) for message in read(pipeline.servers, BARS)]
    return [bar for bar in found if bar.symbol in SYMBOLS]


@pytest.mark.timeout(300)
def test_a_backfill_killed_three_times_is_complete(pipeline: Pipeline, tmp_path: Path) -> None:
    for until in (*KILLED_AFTER, len(SYMBOLS)):
        process = backfill(pipeline, tmp_path, until)
        try:
            poll_until(lambda until=until: done(tmp_path / "outbox.sqlite") >= until, f"{until} calls", 60)
            if until in KILLED_AFTER:
                process.send_signal(signal.SIGKILL)
            output, _ = process.communicate(timeout=180)
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()
    assert process.returncode == 0, output
    assert "20/20 calls done, 0 to go" in output
    assert calls(pipeline) == {("TIME_SERIES_DAILY_ADJUSTED", "answered"): len(SYMBOLS)}

    sent = bars(pipeline)
    first = {bar.event_id: bar for bar in sent}
    print(f"\n{len(first)} bars, {len(sent) - len(first)} resent, {len(SYMBOLS)} calls")
    places = Counter((bar.symbol, bar.starts_at.date(), bar.adjusted) for bar in first.values())
    assert set(places) == {
        (symbol, day, adjusted) for symbol in SYMBOLS for day in DAYS for adjusted in (False, True)
    }
    assert set(places.values()) == {1}

    with pipeline.still():
        [(rows, offsets, events)] = pipeline.query(
            "SELECT COUNT(*) AS n, COUNT(DISTINCT kafka_partition * 1000000000 + kafka_offset) AS o, "
            f"COUNT(DISTINCT event_id) AS e FROM STOCKS.RAW.STOCK_BARS WHERE {WHERE}"
        )
        assert (rows, offsets, events) == (len(sent), len(sent), len(first))
        [(history, days, adjusted)] = pipeline.query(
            "SELECT COUNT(*) AS n, COUNT(DISTINCT trading_day) AS d, COUNT(adjusted_at) AS a "
            f"FROM STOCKS.ANALYTICS.BARS_1D WHERE {WHERE} AND trading_day BETWEEN '{FIRST}' AND '{LAST}'"
        )
        assert (history, days, adjusted) == (len(SYMBOLS) * len(DAYS), len(DAYS), history)
        verdict = pipeline.audit()
    assert verdict["exit_code"] == 0, verdict


def test_raw_bars_jump_at_a_split_and_adjusted_ones_do_not(pipeline: Pipeline) -> None:
    closes = {
        (bar.adjusted, bar.starts_at.date()): bar.close for bar in bars(pipeline) if bar.symbol == "NVDA"
    }
    before, after = SPLIT - timedelta(days=1), SPLIT
    assert 8 < closes[False, before] / closes[False, after] < 12
    assert 0.8 < closes[True, before] / closes[True, after] < 1.2
    assert closes[True, after] == closes[False, after]
    shown = pipeline.query(
        "SELECT close FROM STOCKS.ANALYTICS.BARS_1D "
        f"WHERE symbol = 'NVDA' AND trading_day IN ('{before}', '{after}') ORDER BY trading_day"
    )
    assert [close for (close,) in shown] == [closes[True, before], closes[True, after]]
