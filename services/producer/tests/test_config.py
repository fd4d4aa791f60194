from __future__ import annotations

from pathlib import Path

import pytest

from stock_common.settings import ConfigurationError, load
from stock_producer.config import ProducerSettings, settings_class, source_name
from stock_producer.vendor.alphavantage.plans import PLANS, plan
from stock_producer.vendor.base import Freshness, Limits


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    for name in ProducerSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("ALPHA_VANTAGE_API_KEY", "SECRETKEY1")
    monkeypatch.setenv("SYMBOLS", " aapl, MSFT,,AAPL TSCO.LON ")
    monkeypatch.setenv("STATE_DIR", str(tmp_path / "state"))
    return monkeypatch


def test_defaults(environment: pytest.MonkeyPatch) -> None:
    settings = load(ProducerSettings)
    assert settings.symbols == ("AAPL", "MSFT", "TSCO.LON")
    assert settings.plan is PLANS["free"]
    assert (settings.poll_interval_seconds, settings.metrics_port, settings.market_calendar) == (
        5.0,
        9101,
        "auto",
    )
    assert "SECRETKEY1" not in repr(settings)
    assert not settings.state_dir.exists()


def test_a_custom_plan(environment: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PLAN": "custom",
        "CALLS_PER_MINUTE": "40",
        "ENTITLEMENT": "realtime",
        "BULK": "true",
    }.items():
        environment.setenv(f"ALPHA_VANTAGE_{name}", value)
    assert load(ProducerSettings).plan == plan(
        "custom", Limits(None, 40, None), Freshness.REALTIME, bulk=True
    )


@pytest.mark.parametrize(
    ("variables", "faults"),
    [
        pytest.param(
            {"ALPHA_VANTAGE_API_KEY": None, "SYMBOLS": None},
            ["ALPHA_VANTAGE_API_KEY is not set", "SYMBOLS_FILE: set SYMBOLS"],
            id="nothing set",
        ),
        pytest.param({"ALPHA_VANTAGE_API_KEY": "  "}, ["ALPHA_VANTAGE_API_KEY: it is blank"], id="blank key"),
        pytest.param({"SYMBOLS": "AA$PL,OK"}, ["SYMBOLS: not symbols: AA$PL"], id="bad symbol"),
        pytest.param({"SYMBOLS": " , "}, ["SYMBOLS_FILE: set SYMBOLS"], id="no symbol"),
        pytest.param(
            {
                "SYMBOLS_FILE": "/dev/null/x",
                "ALERTS_FILE": "/dev/null/y",
                "ALERT_WEBHOOK_URL": "ftp://SECRETKEY1",
                "WRONG_SYMBOLS": "ask",
            },
            [
                "SYMBOLS_FILE: /dev/null/x cannot be read",
                "ALERTS_FILE: /dev/null/y cannot be read",
                "ALERT_WEBHOOK_URL",
                "WRONG_SYMBOLS",
            ],
            id="files and webhook",
        ),
        pytest.param({"ALPHA_VANTAGE_PLAN": "gold"}, ["ALPHA_VANTAGE_PLAN"], id="unknown plan"),
        pytest.param({"MARKET_CALENDAR": "NASDAQQ"}, ["MARKET_CALENDAR"], id="unknown calendar"),
        pytest.param(
            {"ALPHA_VANTAGE_PLAN": "custom"},
            [
                "ALPHA_VANTAGE_CALLS_PER_DAY: ALPHA_VANTAGE_PLAN=custom needs at least one",
                "ALPHA_VANTAGE_ENTITLEMENT: needed",
            ],
            id="custom plan without its own",
        ),
        pytest.param(
            {"ALPHA_VANTAGE_PLAN": "75", "ALPHA_VANTAGE_CALLS_PER_MINUTE": "9", "ALPHA_VANTAGE_BULK": "true"},
            ["ALPHA_VANTAGE_CALLS_PER_MINUTE: only with", "ALPHA_VANTAGE_BULK: only with"],
            id="a plan of the table with the custom plan's own",
        ),
        pytest.param(
            {"QUOTE_SOURCE": "simulated"},
            ["ALPHA_VANTAGE_URL: QUOTE_SOURCE=simulated needs"],
            id="real data labelled simulated",
        ),
        pytest.param(
            {"ALPHA_VANTAGE_URL": "http://localhost:8091/query"},
            ["ALPHA_VANTAGE_URL: it must be https"],
            id="simulated data labelled real",
        ),
        pytest.param(
            {"ALPHA_VANTAGE_URL": "https://h/query?apikey=x"},
            ["ALPHA_VANTAGE_URL: it must be http(s)"],
            id="parameters in the address",
        ),
        pytest.param(
            {"STATE_DIR": "/dev/null/state"},
            ["STATE_DIR: /dev/null is not a directory"],
            id="state cannot be written",
        ),
        pytest.param(
            {
                "POLL_INTERVAL_SECONDS": "0",
                "MIN_INTERVAL_SECONDS": "-1",
                "ALERT_MOVE_PERCENT": "x",
                "OUTBOX_BYTES": "10",
                "METRICS_PORT": "0",
            },
            [
                "POLL_INTERVAL_SECONDS",
                "MIN_INTERVAL_SECONDS",
                "ALERT_MOVE_PERCENT",
                "OUTBOX_BYTES",
                "METRICS_PORT",
            ],
            id="five numbers",
        ),
        pytest.param(
            {
                "SYMBOLS": None,
                "ALPHA_VANTAGE_PLAN": "custom",
                "ALPHA_VANTAGE_URL": "ftp://x",
                "LOG_LEVEL": "LOUD",
            },
            ["SYMBOLS", "ALPHA_VANTAGE_CALLS_PER_DAY", "ALPHA_VANTAGE_URL", "LOG_LEVEL"],
            id="faults of one variable and of several, together",
        ),
    ],
)
def test_every_fault_is_named(
    environment: pytest.MonkeyPatch, variables: dict[str, str | None], faults: list[str]
) -> None:
    for name, value in variables.items():
        if value is None:
            environment.delenv(name)
        else:
            environment.setenv(name, value)
    with pytest.raises(ConfigurationError) as refused:
        load(settings_class(source_name()))
    text = str(refused.value)
    assert "SECRETKEY1" not in text
    assert [fault for fault in faults if fault not in text] == []
