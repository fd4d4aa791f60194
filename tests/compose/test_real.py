"""A .env made from env.example: Alpha Vantage, AWS and Snowflake, and no stand-in."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from stock_testing.compose import ROOT, SERVICES, Project

KEYS = {
    "ALPHA_VANTAGE_API_KEY": "real-key",
    "S3_BUCKET": "real-bucket",
    "SNOWFLAKE_ACCOUNT": "org-account",
    "SNOWFLAKE_USER": "STOCK_LOADER",
    "SNOWFLAKE_PRIVATE_KEY_FILE": "/keys/loader.p8",
}
DEMO = {
    *(
        "QUOTE_SOURCE",
        "ALPHA_VANTAGE_URL",
        "ALPHA_VANTAGE_PLAN",
        "ALPHA_VANTAGE_API_KEY",
        "MARKET_CALENDAR",
        "ALERT_MOVE_PERCENT",
    ),
    *(
        "S3_BUCKET",
        "S3_ENDPOINT_URL",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "FLUSH_SECONDS",
        "LOAD_INTERVAL_SECONDS",
    ),
    *(
        "SNOWFLAKE_ACCOUNT",
        "SNOWFLAKE_USER",
        "SNOWFLAKE_PASSWORD",
        "SNOWFLAKE_HOST",
        "SNOWFLAKE_PORT",
        "SNOWFLAKE_PROTOCOL",
    ),
}
"""Whose value without any .env is the demo's own."""
IDENTITIES = ROOT / "compose.identities.yaml"
OWN = {
    f"{name}_{user}": f"{name.lower()}-of-{user.lower()}"
    for name, users in {
        "SNOWFLAKE_PRIVATE_KEY_FILE": ("LOADER", "AUDITOR", "DASHBOARD"),
        "AWS_ACCESS_KEY_ID": ("SINK", "LOADER", "AUDITOR"),
        "AWS_SECRET_ACCESS_KEY": ("SINK", "LOADER", "AUDITOR"),
    }.items()
    for user in users
}
"""What compose.identities.yaml needs."""
STAND_INS = {"s3", "snowflake", "market", "bucket", "database", "history"}


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


def read(file: Path, files: Sequence[Path] = ()) -> dict[str, dict]:
    project = Project("stock-real", {}, files=files)
    return json.loads(project.do("--env-file", str(file), "config", "--format", "json"))["services"]


def test_no_stand_in_is_started(services: dict[str, dict]) -> None:
    assert {name for name, part in services.items() if part.get("scale") == 0} == STAND_INS


def test_nothing_of_the_demo_is_left(services: dict[str, dict]) -> None:
    demo = read(Path(os.devnull))
    for name in (*SERVICES, "migrations"):
        given = {key: value for key, value in services[name]["environment"].items() if value}
        kept = {key for key in given if key in DEMO and given[key] == demo[name]["environment"][key]}
        assert kept == set(), name
        assert DEMO & set(demo[name]["environment"]), name


def test_keys_reach_who_needs_them_and_nobody_else(services: dict[str, dict]) -> None:
    assert services["producer"]["environment"]["ALPHA_VANTAGE_API_KEY"] == "real-key"
    assert services["sf-loader"]["environment"]["SNOWFLAKE_PRIVATE_KEY_FILE"] == "/run/secrets/snowflake_key"
    holders = {
        name for name, part in services.items() if "real-key" in (part.get("environment") or {}).values()
    }
    assert holders == {"producer"}
    assert services["dashboard"]["environment"]["SNOWFLAKE_ROLE"] == "STOCK_READER"


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """env.example with what compose.identities.yaml needs, and with a key that all would share."""
    shared = {"SNOWFLAKE_TOKEN": "shared", "AWS_ACCESS_KEY_ID": "shared", "AWS_SECRET_ACCESS_KEY": "shared"}
    values = KEYS | shared | OWN
    file = tmp_path / "filled.env"
    lines = [
        *(ROOT / "env.example").read_text().splitlines(),
        *(f"{name}={value}" for name, value in values.items()),
    ]
    file.write_text("\n".join(lines))
    return file


def test_env_example_adds_the_identities() -> None:
    assert f"\nCOMPOSE_FILE=compose.yaml:{IDENTITIES.name}\n" in (ROOT / "env.example").read_text()


def test_each_service_has_an_identity_of_its_own(filled: Path) -> None:
    services = read(filled, [IDENTITIES])
    users = {
        name: (part["environment"] or {}).get("SNOWFLAKE_USER")
        for name, part in services.items()
        if name in (*SERVICES, "migrations")
    }
    assert users == {
        "producer": None,
        "s3-sink": None,
        "sf-loader": "STOCK_LOADER",
        "migrations": "STOCK_LOADER",
        "dashboard": "STOCK_DASHBOARD",
        "auditor": "STOCK_AUDITOR",
    }
    keys = {
        name: secret["source"]
        for name, part in services.items()
        for secret in part.get("secrets") or []
        if secret["target"].endswith("snowflake_key")
    }
    assert keys == {
        "sf-loader": "snowflake_key_loader",
        "migrations": "snowflake_key_loader",
        "dashboard": "snowflake_key_dashboard",
        "auditor": "snowflake_key_auditor",
    }
    aws = {
        name: value
        for name in (*SERVICES, "migrations")
        if (value := services[name]["environment"].get("AWS_SECRET_ACCESS_KEY"))
    }
    assert aws == {
        "s3-sink": "aws_secret_access_key-of-sink",
        "sf-loader": "aws_secret_access_key-of-loader",
        "auditor": "aws_secret_access_key-of-auditor",
    }
    started = {name: part for name, part in services.items() if part.get("scale") != 0}
    assert {name for name, part in started.items() if "shared" in str(part)} == set()


@pytest.mark.parametrize("name", OWN)
def test_what_is_missing_is_named(filled: Path, name: str) -> None:
    file = filled.with_name("missing.env")
    file.write_text(filled.read_text().replace(f"{name}={OWN[name]}", ""))
    refused = Project("stock-real", {}, files=[IDENTITIES]).run("--env-file", str(file), "config")
    assert refused.returncode != 0
    assert f"{name} is missing a value" in refused.stderr
