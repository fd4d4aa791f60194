"""Optional sign-in by OpenID Connect, done by Streamlit: its configuration from ours, and who may enter."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from pydantic import SecretStr

from stock_dashboard import markup, runtime
from stock_dashboard.config import DashboardSettings

TITLE = "Sign in to see the dashboard"


@contextmanager
def secrets_file(settings: DashboardSettings) -> Iterator[list[str]]:
    """The files that Streamlit reads secrets from: one that only this user can read, while the server runs, or none without sign-in.

    Streamlit takes its sign-in from a file only ([auth] of secrets.toml)."""
    if not settings.signs_in:
        yield []
        return
    with tempfile.TemporaryDirectory(prefix="stock-dashboard-") as directory:
        path = Path(directory) / "secrets.toml"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(section(settings))
        yield [str(path)]


def section(settings: DashboardSettings) -> str:
    """[auth] as Streamlit's st.login documents it. A JSON string is a TOML string."""
    values = {
        "redirect_uri": settings.oidc_redirect_url,
        "cookie_secret": settings.oidc_cookie_secret,
        "client_id": settings.oidc_client_id,
        "client_secret": settings.oidc_client_secret,
        "server_metadata_url": settings.oidc_metadata_url,
    }
    plain = {name: value.get_secret_value() if isinstance(value, SecretStr) else value for name, value in values.items()}
    return "[auth]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in plain.items())


def admits(user: Mapping[str, Any], allowed: tuple[str, ...]) -> bool:
    """Whether a signed-in user may enter. `allowed`: addresses and @domains, lower case; empty: everybody whom the provider lets in.

    An address that the provider says is not verified is nobody's."""
    if not allowed:
        return True
    address = str(user.get("email") or "").lower()
    if user.get("email_verified") is False or address.count("@") != 1:
        return False
    return address in allowed or address[address.index("@") :] in allowed


def passed() -> bool:
    """Whether this viewer may see the pages; draws what there is to do where not."""
    shared = runtime.current()
    if not shared.signs_in:
        return True
    if not st.user.is_logged_in:
        st.html(markup.blank(TITLE, "The dashboard is for those who sign in at its provider."))
        with st.container(horizontal=True, horizontal_alignment="center"):
            st.button("Sign in", on_click=st.login, type="primary", key="sign-in")
        return False
    if not admits(st.user.to_dict(), shared.allowed):
        name = st.user.to_dict().get("email") or "this account"
        st.html(markup.blank("No access", f"You are signed in as {name}, who may not see the dashboard. Whoever runs it can add the address."))
        with st.container(horizontal=True, horizontal_alignment="center"):
            st.button("Sign out", on_click=st.logout, key="sign-out")
        return False
    return True


def leave() -> None:
    """The button to sign out, where there is sign-in."""
    if runtime.current().signs_in:
        st.button("Sign out", on_click=st.logout, type="tertiary", key="sign-out", help=str(st.user.to_dict().get("email") or ""))
