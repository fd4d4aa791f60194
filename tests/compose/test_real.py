"""A .env made from env.example: Alpha Vantage, AWS and Snowflake, and no stand-in."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from engine import ROOT, Project

KEYS = {
    "ALPHA_VANTAGE_API_KEY": "real-key",
    "S3_BUCKET": "real-bucket",
    "SNOWFLAKE_ACCOUNT": "org-account",
    "SNOWFLAKE_USER": "STOCK_LOADER",
    "SNOWFLAKE_PRIVATE_KEY_FILE": "/keys/loader.p8",
}
DEMO = {
    *("QUOTE_SOURCE", "ALPHA_VANTAGE_URL", "ALPHA_VANTAGE_PLAN", "ALPHA_VANTAGE_API_KEY", "MARKET_CALENDAR", "ALERT_MOVE_PERCENT"),
    *("S3_BUCKET", "S3_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "FLUSH_SECONDS", "LOAD_INTERVAL_SECONDS"),
    *("SNOWFLAKE_ACCOUNT", "SNOWFLAKE_USER", "SNOWFLAKE_PASSWORD", "SNOWFLAKE_HOST", "SNOWFLAKE_PORT", "SNOWFLAKE_PROTOCOL"),
}
"""Whose value without any .env is the demo's own."""
STAND_INS = {"s3", "snowflake", "market", "bucket", "database"}


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """compose.yaml as it is with env.example and keys put in."""
    text = (ROOT / "env.example").read_text()
    for name, value in KEYS.items():
        text, count = re.subn(rf"^#?{name}=.*$", f"{name}={value}", text, flags=re.MULTILINE)
        assert count == 1, name
    file = tmp_path_factory.mktemp("real") / "real.env"
    file.write_text(text)
    return read(file)


def read(file: Path) -> dict[str, dict]:
    return json.loads(Project("stock-real", {}).do("--env-file", str(file), "config", "--format", "json"))["services"]


def test_no_stand_in_is_started(services: dict[str, dict]) -> None:
    assert {name for name, part in services.items() if part.get("scale") == 0} == STAND_INS


def test_nothing_of_the_demo_is_left(services: dict[str, dict]) -> None:
    demo = read(Path(os.devnull))
    for name in ("producer", "s3-sink", "sf-loader", "dashboard", "auditor", "migrations"):
        given = {key: value for key, value in services[name]["environment"].items() if value}
        kept = {key for key in given if key in DEMO and given[key] == demo[name]["environment"][key]}
        assert kept == set(), name
        assert DEMO & set(demo[name]["environment"]), name


def test_keys_reach_who_needs_them_and_nobody_else(services: dict[str, dict]) -> None:
    assert services["producer"]["environment"]["ALPHA_VANTAGE_API_KEY"] == "real-key"
    assert services["sf-loader"]["environment"]["SNOWFLAKE_PRIVATE_KEY_FILE"] == "/run/secrets/snowflake_key"
    holders = {name for name, part in services.items() if "ALPHA_VANTAGE_API_KEY" in (part.get("environment") or {})}
    assert holders == {"producer"}
    assert services["dashboard"]["environment"]["SNOWFLAKE_ROLE"] == "STOCK_READER"
