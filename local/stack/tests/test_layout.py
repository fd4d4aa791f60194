from __future__ import annotations

from pathlib import Path

import pytest

from stock_stack import database, demo, layout
from stock_stack.ports import free
from stock_stack.services import SERVICES, component


def test_the_callers_own_accounts_stay_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "AWS_PROFILE",
        "AWS_SESSION_TOKEN",
        "SNOWFLAKE_PRIVATE_KEY_FILE",
        "SNOWFLAKE_ROLE",
        "KAFKA_SASL_PASSWORD",
        "HTTP_PROXY",
    ):
        monkeypatch.setenv(name, "mine")
    ports = free()
    for name in SERVICES:
        assert "mine" not in component(layout.Layout(tmp_path, ports), name).environment.values()
    ports.release()


def test_second_instances_have_ports_and_state_of_their_own(tmp_path: Path) -> None:
    ports = free()
    here = layout.Layout(tmp_path, ports)
    one, two = component(here, "s3-sink"), component(here, "s3-sink", 2)
    assert (one.name, two.name) == ("s3-sink", "s3-sink-2")
    assert all(one.environment[name] != two.environment[name] for name in ("METRICS_PORT", "STATE_DIR"))
    ports.release()


def test_the_demo_follows_enough_symbols() -> None:
    names = layout.symbols().split(",")
    assert len(names) == len(set(names)) == 120
    assert {"AAPL", "GOOG", "IBM", "MSFT"} <= set(names)


def test_an_unknown_part_is_refused_with_the_names_there_are(tmp_path: Path) -> None:
    ports = free()
    with pytest.raises(KeyError, match=r"no part called sink. There are zookeeper, .*auditor"):
        component(layout.Layout(tmp_path, ports), "sink")
    ports.release()


def test_each_service_is_a_user_of_snowflake_with_its_role(tmp_path: Path) -> None:
    ports = free()
    here = layout.Layout(tmp_path, ports)
    users = {name: component(here, name).environment.get("SNOWFLAKE_USER") for name in SERVICES}
    assert users["sf-loader"] == "STOCK_LOADER" and users["auditor"] == "STOCK_AUDITOR"
    assert users["dashboard"] == "STOCK_DASHBOARD"
    assert component(here, "migrations").environment["SNOWFLAKE_ROLE"] == "STOCK_OWNER"
    assert component(here, "database").environment["SNOWFLAKE_USER"] == database.ADMINISTRATOR


def test_a_schedule_gives_a_free_key_on_real_sessions(tmp_path: Path) -> None:
    ports = free()
    here = demo.layout_of(tmp_path, ports, "free key, Thanksgiving")
    of_market, of_producer = (component(here, name).environment for name in ("market", "producer"))
    assert (of_market["MARKET_PLAN"], of_market["MARKET_CALENDAR"]) == ("free", "XNYS")
    assert of_market["MARKET_SCHEDULE"] == "free key, Thanksgiving"
    assert (of_producer["ALPHA_VANTAGE_PLAN"], of_producer["MARKET_CALENDAR"]) == ("free", "auto")
    assert len(of_producer["SYMBOLS"].split(",")) == demo.FREE_SYMBOLS
    assert demo.layout_of(tmp_path, ports, None) == layout.Layout(tmp_path, ports)
    ports.release()
