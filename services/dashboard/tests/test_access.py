"""Who may see the page: where it listens, and sign-in."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path

import pytest
from command import GOOD, command
from desk import well
from drawn import opened, tables, words

from stock_dashboard.config import DashboardSettings, is_loopback
from stock_dashboard.data import runtime
from stock_dashboard.data.runtime import Allowed
from stock_dashboard.pages import signin

OIDC = {
    "OIDC_METADATA_URL": "https://id.example.com/.well-known/openid-configuration",
    "OIDC_CLIENT_ID": "stocks",
    "OIDC_CLIENT_SECRET": 'quote " and \\ backslash',
    "OIDC_REDIRECT_URL": "https://stocks.example.com/oauth2callback",
    "OIDC_COOKIE_SECRET": "c" * 32,
}


def settings(monkeypatch, **variables: str) -> DashboardSettings:
    for name, value in (GOOD | variables).items():
        monkeypatch.setenv(name, value)
    return DashboardSettings()  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        pytest.param({"DASHBOARD_HOST": "0.0.0.0"}, "DASHBOARD_PUBLIC=true", id="every address"),
        pytest.param({"DASHBOARD_HOST": "10.1.2.3"}, "DASHBOARD_PUBLIC=true", id="one address"),
        pytest.param({"DASHBOARD_HOST": "::"}, "DASHBOARD_PUBLIC=true", id="IPv6"),
        pytest.param({"OIDC_CLIENT_ID": "stocks"}, "OIDC_COOKIE_SECRET", id="sign-in in part"),
        pytest.param(
            OIDC | {"OIDC_REDIRECT_URL": "https://stocks.example.com"},
            "/oauth2callback",
            id="another redirect",
        ),
        pytest.param(OIDC | {"OIDC_COOKIE_SECRET": "short"}, "32 characters", id="a weak secret"),
        pytest.param(OIDC | {"OIDC_ALLOWED": "ann"}, "ann is neither", id="no address"),
        pytest.param({"OIDC_ALLOWED": "@example.com"}, "no effect", id="a list without sign-in"),
        pytest.param({"SYMBOL_GROUPS": "Tech"}, "is no group", id="no group"),
    ],
)
def test_what_shows_the_page_to_others_is_refused(variables, expected):
    ended = command(**GOOD, **variables)
    assert ended.returncode == 2
    assert expected in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "variables",
    [
        {"DASHBOARD_HOST": "127.0.0.1"},
        {"DASHBOARD_HOST": "::1"},
        {"DASHBOARD_HOST": "localhost"},
        {"DASHBOARD_HOST": "0.0.0.0", "DASHBOARD_PUBLIC": "true"},
        OIDC | {"DASHBOARD_HOST": "0.0.0.0"},
    ],
)
def test_what_is_let_through(monkeypatch, variables):
    assert settings(monkeypatch, **variables).dashboard_host == variables["DASHBOARD_HOST"]


def test_loopback():
    assert [
        is_loopback(host) for host in ("127.8.8.8", "::1", "localhost", "0.0.0.0", "stocks.example.com")
    ] == [True, True, True, False, False]


def test_streamlits_file_is_ours_alone_and_gone_afterwards(monkeypatch):
    with signin.secrets_file(settings(monkeypatch, **OIDC)) as files:
        path = Path(files[0])
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        auth = tomllib.loads(path.read_text())["auth"]
    assert auth["client_secret"] == OIDC["OIDC_CLIENT_SECRET"]
    assert auth["redirect_uri"] == OIDC["OIDC_REDIRECT_URL"]
    assert not path.exists()


def test_without_sign_in_streamlit_reads_no_secrets(monkeypatch):
    with signin.secrets_file(settings(monkeypatch)) as files:
        assert files == []


@pytest.mark.parametrize(
    ("user", "admitted"),
    [
        pytest.param({"email": "Ann@Example.com"}, True, id="domain, whatever the case"),
        pytest.param({"email": "bob@other.org"}, True, id="address"),
        pytest.param({"email": "eve@other.org"}, False, id="another at that domain"),
        pytest.param({"email": "eve@notexample.com"}, False, id="a domain that ends alike"),
        pytest.param({"email": "eve@sub.example.com"}, False, id="a domain below it"),
        pytest.param({"email": "eve@x.org@example.com"}, False, id="two signs"),
        pytest.param({}, False, id="no address"),
    ],
)
def test_who_may_enter(user, admitted):
    names = ("@example.com", "bob@other.org")
    assert signin.admits(user | {"email_verified": True}, Allowed(names)) is admitted
    assert signin.admits(user, Allowed(names, trust_unverified=True)) is admitted
    assert signin.admits(user, Allowed()) is True


@pytest.mark.parametrize(
    ("claim", "admitted"),
    [(True, True), ("true", False), (False, False), ("false", False), (0, False), (1, False), (None, False)],
    ids=repr,
)
def test_only_jsons_true_is_a_verified_address(claim, admitted):
    user = {"email": "ann@example.com", "email_verified": claim}
    assert signin.admits(user, Allowed(("@example.com",))) is admitted
    assert signin.admits({"email": "ann@example.com"}, Allowed(("@example.com",))) is False
    assert signin.admits(user, Allowed(("@example.com",), trust_unverified=True)) is True


@pytest.mark.parametrize(
    ("variables", "hosts"),
    [
        pytest.param({}, ("localhost", "127.0.0.1", "::1"), id="on loopback"),
        pytest.param(
            {"DASHBOARD_HOST": "0.0.0.0", "DASHBOARD_PUBLIC": "true"}, (), id="somebody else decides"
        ),
        pytest.param(
            OIDC | {"DASHBOARD_HOST": "0.0.0.0"},
            ("localhost", "127.0.0.1", "::1", "stocks.example.com"),
            id="with sign-in",
        ),
        pytest.param(
            {"DASHBOARD_ALLOWED_HOSTS": "a.example.com, B.example.com"},
            ("a.example.com", "b.example.com"),
            id="named",
        ),
    ],
)
def test_the_names_that_the_page_answers_to(monkeypatch, variables, hosts):
    assert settings(monkeypatch, **variables).hosts == hosts


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        pytest.param({"is_logged_in": False}, "Sign in to see the dashboard", id="nobody yet"),
        pytest.param(
            {"is_logged_in": True, "email": "eve@other.org"},
            "You are signed in as eve@other.org, who may not",
            id="somebody else",
        ),
    ],
)
def test_who_has_not_signed_in_sees_nothing(desk, user, expected):
    well(desk)
    runtime.install(desk.runtime._replace(signs_in=True, allowed=Allowed(("@example.com",))))
    test = opened(user=user)
    assert expected in words(test)
    assert "Kafka" not in words(test) and tables(test) == []
    assert len(test.button) == 1 and desk.history.asked == []


def test_who_has_signed_in_sees_the_page_and_can_leave(desk):
    well(desk)
    runtime.install(desk.runtime._replace(signs_in=True, allowed=Allowed(("@example.com",))))
    test = opened(user={"is_logged_in": True, "email": "ann@example.com", "email_verified": True})
    assert tables(test)
    assert [button.label for button in test.button] == ["Sign out"]
