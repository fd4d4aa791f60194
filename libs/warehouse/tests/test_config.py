from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from stock_common.settings import ConfigurationError, load
from stock_warehouse.config import SessionOptions, WarehouseSettings, connect_arguments, session_parameters


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in WarehouseSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("SNOWFLAKE_ACCOUNT", "org-acc")
    monkeypatch.setenv("SNOWFLAKE_USER", "loader")
    return monkeypatch


def write_key(path: Path, key: Any, password: str | None = None) -> str:
    sealed = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed))
    return str(path)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Files by what is in them."""
    folder = tmp_path_factory.mktemp("keys")
    key = rsa.generate_private_key(65537, 2048)
    plain = write_key(folder / "plain.p8", key)
    (folder / "cut.p8").write_text(Path(plain).read_text()[:400] + "\n-----END PRIVATE KEY-----\n")
    (folder / "public.pem").write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return {
        "plain": plain,
        "sealed": write_key(folder / "sealed.p8", key, "s-private_key_password"),
        "curve": write_key(folder / "curve.p8", ec.generate_private_key(ec.SECP256R1())),
        "short": write_key(folder / "short.p8", rsa.generate_private_key(65537, 1024)),
        "edwards": write_key(folder / "edwards.p8", ed25519.Ed25519PrivateKey.generate()),
        "cut": str(folder / "cut.p8"),
        "public": str(folder / "public.pem"),
        "absent": str(folder / "absent.p8"),
        "folder": str(folder),
    }


@pytest.mark.parametrize(
    ("file", "password", "variable", "reason"),
    [
        pytest.param("absent", None, "FILE", "cannot be read: No such file", id="not there"),
        pytest.param("folder", None, "FILE", "cannot be read: Is a directory", id="a directory"),
        pytest.param("public", None, "FILE", "holds no private key", id="the public key"),
        pytest.param("cut", None, "FILE", "holds a private key that is damaged", id="cut off"),
        pytest.param("short", None, "FILE", "a key of 1024 bits", id="short"),
        pytest.param("edwards", None, "FILE", "of another kind than RSA and ECDSA", id="of another kind"),
        pytest.param("sealed", None, "PASSWORD", "is encrypted", id="no password"),
        pytest.param("sealed", "hidden", "PASSWORD", "does not open", id="wrong password"),
        pytest.param("plain", "hidden", "PASSWORD", "is not encrypted", id="password too much"),
    ],
)
def test_a_key_that_cannot_be_used_is_named_beside_every_other_fault(
    environment: pytest.MonkeyPatch,
    keys: dict[str, str],
    file: str,
    password: str | None,
    variable: str,
    reason: str,
) -> None:
    environment.setenv("SNOWFLAKE_PRIVATE_KEY_FILE", keys[file])
    environment.setenv("SNOWFLAKE_PORT", "0")
    if password:
        environment.setenv("SNOWFLAKE_PRIVATE_KEY_PASSWORD", password)
    with pytest.raises(ConfigurationError) as caught:
        load(WarehouseSettings)
    _, key, port = str(caught.value).splitlines()
    assert key.startswith(f"  SNOWFLAKE_PRIVATE_KEY_{variable}: ")
    assert keys[file] in key
    assert reason in key
    assert "hidden" not in key
    assert port.startswith("  SNOWFLAKE_PORT")


def test_a_key_of_a_curve_is_taken(environment: pytest.MonkeyPatch, keys: dict[str, str]) -> None:
    environment.setenv("SNOWFLAKE_PRIVATE_KEY_FILE", keys["curve"])
    assert load(WarehouseSettings).sign_in()["private_key_file"] == keys["curve"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(
            ["private_key_file", "private_key_password", "token", "password"],
            {
                "authenticator": "SNOWFLAKE_JWT",
                "private_key_file": "{sealed}",
                "private_key_file_pwd": "s-private_key_password",
            },
            id="key pair first",
        ),
        pytest.param(
            ["private_key_file"],
            {"authenticator": "SNOWFLAKE_JWT", "private_key_file": "{plain}"},
            id="key without password",
        ),
        pytest.param(
            ["token", "password"],
            {"authenticator": "PROGRAMMATIC_ACCESS_TOKEN", "token": "s-token"},
            id="token before password",
        ),
        pytest.param(["password"], {"password": "s-password"}, id="password last"),
        pytest.param(
            ["workload_identity", "private_key_file", "token"],
            {"authenticator": "WORKLOAD_IDENTITY", "workload_identity_provider": "AWS"},
            id="the role on AWS before all",
        ),
        pytest.param(
            ["workload_identity"],
            {"authenticator": "WORKLOAD_IDENTITY", "workload_identity_provider": "AWS"},
            id="the role on AWS alone",
        ),
    ],
)
def test_one_credential_is_used(
    environment: pytest.MonkeyPatch, keys: dict[str, str], given: list[str], expected: dict[str, Any]
) -> None:
    for name in given:
        environment.setenv(f"SNOWFLAKE_{name.upper()}", f"s-{name}")
    if "workload_identity" in given:
        environment.setenv("SNOWFLAKE_WORKLOAD_IDENTITY", "AWS")
    if "private_key_file" in given:
        path = keys["sealed" if "private_key_password" in given else "plain"]
        environment.setenv("SNOWFLAKE_PRIVATE_KEY_FILE", path)
    settings = load(WarehouseSettings)
    assert settings.sign_in() == {name: value.format_map(keys) for name, value in expected.items()}
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


def test_another_cloud_is_refused(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SNOWFLAKE_WORKLOAD_IDENTITY", "AZURE")
    with pytest.raises(ConfigurationError, match=r"SNOWFLAKE_WORKLOAD_IDENTITY.*'AWS'"):
        load(WarehouseSettings)


def test_a_credential_is_required(environment: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="SNOWFLAKE_TOKEN or SNOWFLAKE_PASSWORD"):
        load(WarehouseSettings)


def test_arguments_are_bounded_and_quiet(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SNOWFLAKE_PASSWORD", "x")
    environment.setenv("SNOWFLAKE_HOST", "")
    settings = load(WarehouseSettings)
    arguments = connect_arguments(settings, "sf-loader", SessionOptions(transactional=True))
    assert {"login_timeout", "network_timeout", "socket_timeout"} <= arguments.keys()
    assert arguments["paramstyle"] == "qmark"
    assert arguments["autocommit"] is False
    assert "host" not in arguments
    assert "role" not in arguments
    parameters = arguments["session_parameters"]
    assert parameters["TIMEZONE"] == "UTC"
    assert parameters["QUERY_TAG"] == '{"service": "sf-loader"}'
    assert (
        parameters["LOCK_TIMEOUT"],
        parameters["TRANSACTION_ABORT_ON_ERROR"],
        parameters["ABORT_DETACHED_QUERY"],
    ) == (60, True, True)
    assert parameters["CLIENT_TELEMETRY_ENABLED"] is False
    assert arguments["socket_timeout"] > parameters["LOCK_TIMEOUT"]
    assert "LOCK_TIMEOUT" not in session_parameters("auditor")


def test_host_port_protocol_and_role_are_overridable(environment: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PASSWORD": "x",
        "HOST": "127.0.0.1",
        "PORT": "8090",
        "PROTOCOL": "http",
        "ROLE": "LOADER",
    }.items():
        environment.setenv(f"SNOWFLAKE_{name}", value)
    arguments = connect_arguments(load(WarehouseSettings), "auditor")
    assert [arguments[name] for name in ("host", "port", "protocol", "role")] == [
        "127.0.0.1",
        8090,
        "http",
        "LOADER",
    ]
