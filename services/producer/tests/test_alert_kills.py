"""The process, killed while a price crosses back and forth: the alerts match its quotes, once each."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
from contextlib import closing
from itertools import cycle
from pathlib import Path

import pytest
from support.bodies import global_quote
from support.process import COMMAND, Server, poll_until

from stock_common.records import Alert, Quote, decode
from stock_common.topics import ALERTS, QUOTES
from stock_producer.alerts.rules_file import watches

QUOTES_WANTED = 130
KILLS = (40, 80)
RULES = """\
rules:
- {type: price_crossing, name: crossing, price: 105, symbols: [IBM]}
- {type: price_crossing, name: rested, price: 105, symbols: [IBM], cooldown_minutes: 1}
- {type: move_against_close, name: hover, percent: 5}
"""
PRICES = ("104.0000", "105.5000", "104.9000", "105.1000")
"""Against a previous close of 100: below, above, and twice within the hysteresis of both thresholds."""


def messages(path: Path, topic: str) -> list[bytes]:
    if not path.exists():
        return []
    with closing(sqlite3.connect(path, timeout=5)) as file:
        if not file.execute("SELECT 1 FROM sqlite_master WHERE name = 'outbox'").fetchall():
            return []
        return [
            value
            for (value,) in file.execute("SELECT value FROM outbox WHERE topic = ? ORDER BY seq", (topic,))
        ]


def test_fifty_crossings_with_kills_between(
    server: Server, environment: dict[str, str], tmp_path: Path
) -> None:
    rules, outbox = tmp_path / "alerts.yaml", tmp_path / "state" / "outbox.sqlite"
    rules.write_text(RULES)
    prices = cycle(PRICES)
    server.answer = lambda: (200, {}, global_quote("IBM", price=next(prices)))  # type: ignore[method-assign]
    variables = environment | {"ALERTS_FILE": str(rules), "POLL_INTERVAL_SECONDS": "0.05"}
    for until in (*KILLS, QUOTES_WANTED):
        process = subprocess.Popen(
            COMMAND, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
        )
        try:
            poll_until(lambda until=until: len(messages(outbox, QUOTES.name)) >= until, f"{until} quotes", 60)
        finally:
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=60)
    quotes = [decode(value, Quote) for value in messages(outbox, QUOTES.name)]
    alerts = [decode(value, Alert) for value in messages(outbox, ALERTS.name)]
    assert len({quote.event_id for quote in quotes}) == len(quotes)
    for watch in watches(rules):
        state, expected = None, []
        for quote in quotes:
            state, alert = watch.rule.evaluate(state, quote)
            expected += [alert] if alert else []
        assert [alert for alert in alerts if alert.rule == watch.rule.name] == expected
    count = {name: sum(alert.rule == name for alert in alerts) for name in ("crossing", "rested", "hover")}
    assert count["crossing"] == pytest.approx(len(quotes) / 2, abs=3)
    assert count["hover"] == pytest.approx(len(quotes) / 4, abs=3)
    assert 1 <= count["rested"] < 5
