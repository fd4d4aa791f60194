"""The wall around the vendor: a second source goes through the whole producer and changes nothing in it."""

from __future__ import annotations

import ast
import os
from datetime import date, timedelta
from pathlib import Path

import pytest
from support.recorded import ENTRY, RecordedSettings, RecordedSource, observation
from support.world import START, World

from stock_common.deadline import Deadline
from stock_common.records import Bar, Quote, decode
from stock_common.settings import ConfigurationError, load
from stock_producer import app, cli, commands
from stock_producer.config import settings_class, source_name
from stock_producer.vendor import registry

PRODUCT = Path(app.__file__).parent
VENDOR = "stock_producer.vendor.alphavantage"


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> RecordedSettings:
    """The settings with the source registered, and a recording of two symbols."""
    recording = tmp_path / "observations.csv"
    recording.write_text("".join(observation(symbol, "101.5") for symbol in ("AAPL", "IBM")))
    monkeypatch.setitem(registry.SOURCES, "recorded", ENTRY)
    for name in [*os.environ]:
        if name.startswith(("ALPHA_VANTAGE_", "SYMBOLS")):
            monkeypatch.delenv(name)
    for name, value in {
        "QUOTE_SOURCE": "recorded",
        "RECORDED_FILE": str(recording),
        "SYMBOLS": "AAPL,IBM",
        "STATE_DIR": str(tmp_path / "state"),
    }.items():
        monkeypatch.setenv(name, value)
    settings = load(settings_class(source_name()))
    assert isinstance(settings, RecordedSettings)
    return settings


def connect(world: World, settings: RecordedSettings) -> None:
    """The source in the place of the vendor."""
    source = app.open_source(settings, 1)
    assert isinstance(source, RecordedSource)
    world.vendor = lambda request, now: source.fetch(request)._replace(arrived_at=now)
    world.source, world.description, world.plan = (
        settings.quote_source,
        settings.description,
        settings.plan,
    )


def test_its_quotes_reach_kafka(world: World, recorded: RecordedSettings) -> None:
    connect(world, recorded)
    world.start().steps(121)
    world.loop.close(Deadline(5))
    quotes = world.broker.quotes()
    assert {(quote.symbol, str(quote.price)) for quote in quotes} == {("AAPL", "101.5"), ("IBM", "101.5")}
    assert {(quote.source, quote.endpoint, quote.entitlement) for quote in quotes} == {
        ("recorded", "line", "realtime")
    }
    assert (world.outbox.rows, len({quote.event_id for quote in quotes})) == (0, len(quotes))


def test_a_symbol_that_it_does_not_have_is_skipped(world: World, recorded: RecordedSettings) -> None:
    connect(world, recorded)
    world.symbols = ("AAPL", "NOPE")
    world.start().steps(40)
    assert {quote.symbol for quote in world.broker.quotes()} == {"AAPL"}
    assert world.watchlist.skipped == ["NOPE"]


def test_a_restart_loses_and_repeats_nothing(world: World, recorded: RecordedSettings) -> None:
    connect(world, recorded)
    world.broker.up = False
    world.start().steps(30)
    kept = [decode(row.value, Quote).event_id for row in world.outbox.read(0, 1_000)]
    world.die()
    world.broker.up = True
    world.start().steps(3)
    assert kept
    assert [quote.event_id for quote in world.broker.quotes()][: len(kept)] == kept


def test_its_end_of_day_plan_brings_bars(world: World, recorded: RecordedSettings) -> None:
    connect(world, recorded)
    world.plan, world.hours = RecordedSettings.plans[1], "XNYS"
    world.clock.now = START + timedelta(hours=7)
    world.start().steps(10)
    bars = [decode(value, Bar) for topic, _, value in world.broker.log if topic == "stock-bars"]
    assert {(bar.symbol, bar.source, bar.starts_at.date()) for bar in bars} == {
        ("AAPL", "recorded", date(2026, 11, 23)),
        ("IBM", "recorded", date(2026, 11, 23)),
    }


def test_the_commands_know_its_plans(recorded: RecordedSettings, capsys: pytest.CaptureFixture[str]) -> None:
    options = cli.parse(ENTRY.settings, ["plan", "--json"])
    assert commands.show_plan("recorded", as_json=options.json) == 0
    assert '"functions": [\n    "line"\n  ]' in capsys.readouterr().out


def test_its_faults_are_listed_with_those_of_the_producer(
    recorded: RecordedSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RECORDED_FILE")
    monkeypatch.setenv("METRICS_PORT", "0")
    with pytest.raises(ConfigurationError, match=r"(?s)RECORDED_FILE is not set.*METRICS_PORT"):
        load(settings_class("recorded"))


def test_only_the_registry_knows_alpha_vantage() -> None:
    knowing = set()
    for path in PRODUCT.rglob("*.py"):
        if "alphavantage" not in path.parts:
            names = [
                node.module or "" if isinstance(node, ast.ImportFrom) else node.names[0].name
                for node in ast.walk(ast.parse(path.read_text()))
                if isinstance(node, (ast.Import, ast.ImportFrom))
            ]
            knowing |= {path.name for name in names if name.startswith(VENDOR)}
    assert knowing == {"registry.py"}


def test_no_word_of_alpha_vantage_is_outside_of_its_folder() -> None:
    words = ("alpha", "GLOBAL_QUOTE", "TIME_SERIES", "BULK_QUOTES", "SYMBOL_SEARCH")
    allowed = {PRODUCT / "vendor" / "registry.py", PRODUCT / "vendor" / "settings.py"}
    outside = {path for path in PRODUCT.rglob("*.py") if "alphavantage" not in path.parts} - allowed
    texts = {path: path.read_text().lower() for path in outside}
    assert [path.name for path, text in texts.items() if any(word.lower() in text for word in words)] == []
