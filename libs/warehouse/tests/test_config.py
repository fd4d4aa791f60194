from __future__ import annotations

from typing import Any

import pytest

from stock_common.settings import ConfigurationError, load
from stock_warehouse.config import WarehouseSettings, connect_arguments, session_parameters


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in WarehouseSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("SNOWFLAKE_ACCOUNT", "org-acc")
    monkeypatch.setenv("SNOWFLAKE_USER", "loader")
    return monkeypatch


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(
            ["private_key_file", "private_key_password", "token", "password"],
            {"authenticator": "SNOWFLAKE_JWT", "private_key_file": "s-private_key_file", "private_key_file_pwd": "s-private_key_password"},
            id="key pair first",
        ),
        pytest.param(["private_key_file"], {"authenticator": "SNOWFLAKE_JWT", "private_key_file": "s-private_key_file"}, id="key without password"),
        pytest.param(["token", "password"], {"authenticator": "PROGRAMMATIC_ACCESS_TOKEN", "token": "s-token"}, id="token before password"),
        pytest.param(["password"], {"password": "s-password"}, id="password last"),
    ],
)
def test_one_credential_is_used(environment: pytest.MonkeyPatch, given: list[str], expected: dict[str, Any]) -> None:
    for name in given:
        environment.setenv(f"SNOWFLAKE_{name.upper()}", f"s-{name}")
    settings = load(WarehouseSettings)
    assert settings.sign_in() == expected
    assert "s-password" not in repr(settings)
    assert "s-token" not in repr(settings)


def test_every_fault_is_named(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("SNOWFLAKE_USER")
    environment.setenv("SNOWFLAKE_PASSWORD", "x")
    environment.setenv("SNOWFLAKE_DATABASE", "x; drop")
    environment.setenv("SNOWFLAKE_ROLE", "1role")
    with pytest.raises(ConfigurationError) as caught:
        load(WarehouseSettings)
    for name in ("SNOWFLAKE_USER is not set", "SNOWFLAKE_DATABASE", "SNOWFLAKE_ROLE"):
        assert name in str(caught.value)


def test_a_credential_is_required(environment: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="SNOWFLAKE_TOKEN or SNOWFLAKE_PASSWORD"):
        load(WarehouseSettings)


def test_arguments_are_bounded_and_quiet(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SNOWFLAKE_PASSWORD", "x")
    environment.setenv("SNOWFLAKE_HOST", "")
    settings = load(WarehouseSettings)
    arguments = connect_arguments(settings, "sf-loader", None, session_parameters("sf-loader", True), False)
    assert {"login_timeout", "network_timeout", "socket_timeout"} <= arguments.keys()
    assert arguments["paramstyle"] == "qmark"
    assert arguments["autocommit"] is False
    assert "host" not in arguments
    assert "role" not in arguments
    parameters = arguments["session_parameters"]
    assert parameters["TIMEZONE"] == "UTC"
    assert parameters["QUERY_TAG"] == '{"service": "sf-loader"}'
    assert (parameters["LOCK_TIMEOUT"], parameters["TRANSACTION_ABORT_ON_ERROR"], parameters["ABORT_DETACHED_QUERY"]) == (60, True, True)
    assert parameters["CLIENT_TELEMETRY_ENABLED"] is False
    assert arguments["socket_timeout"] > parameters["LOCK_TIMEOUT"]
    assert "LOCK_TIMEOUT" not in session_parameters("auditor", False)


def test_host_port_protocol_and_role_are_overridable(environment: pytest.MonkeyPatch) -> None:
    for name, value in {"PASSWORD": "x", "HOST": "127.0.0.1", "PORT": "8090", "PROTOCOL": "http", "ROLE": "LOADER"}.items():
        environment.setenv(f"SNOWFLAKE_{name}", value)
    arguments = connect_arguments(load(WarehouseSettings), "auditor", "READER", {}, True)
    assert [arguments[name] for name in ("host", "port", "protocol", "role")] == ["127.0.0.1", 8090, "http", "READER"]
