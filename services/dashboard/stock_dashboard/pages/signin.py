"""Optional sign-in by OpenID Connect. Streamlit does it, this module decides who may enter."""

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

from stock_dashboard import text
from stock_dashboard.config import DashboardSettings
from stock_dashboard.data import runtime
from stock_dashboard.data.runtime import Allowed
from stock_dashboard.ui import html

TITLE = "Sign in to see the dashboard"


@contextmanager
def secrets_file(settings: DashboardSettings) -> Iterator[list[str]]:
    """The files that Streamlit reads secrets from while the server runs. None without sign-in.

    Streamlit takes its sign-in from a file only ([auth] of secrets.toml). Only this user can read the file.
    """
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
    plain = {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in values.items()
    }
    return "[auth]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in plain.items())


def admits(user: Mapping[str, Any], allowed: Allowed) -> bool:
    """Whether a signed-in user may enter.

    An address counts when the provider's claim `email_verified` is JSON's true, and no other value. OpenID
    Connect Core 1.0, 5.1, defines it as a boolean.
    """
    if not allowed.names:
        return True
    address = str(user.get("email") or "").lower()
    if user.get("email_verified") is not True and not allowed.trust_unverified:
        return False
    return address.count("@") == 1 and (
        address in allowed.names or address[address.index("@") :] in allowed.names
    )


def passed() -> bool:
    """Whether this viewer may see the pages. Draws the way to sign in or out where not."""
    shared = runtime.current()
    if not shared.signs_in:
        return True
    if not st.user.is_logged_in:
        st.html(html.blank(TITLE, "The dashboard is for those who sign in at its provider."))
        with st.container(horizontal=True, horizontal_alignment="center"):
            st.button("Sign in", on_click=st.login, type="primary", key="sign-in")
        return False
    if not admits(st.user.to_dict(), shared.allowed):
        name = st.user.to_dict().get("email") or "this account"
        st.html(
            html.blank(
                "No access",
                f"You are signed in as {name}, who may not see the dashboard. "
                "Whoever runs it can add the address.",
            )
        )
        with st.container(horizontal=True, horizontal_alignment="center"):
            st.button("Sign out", on_click=st.logout, key="sign-out")
        return False
    return True


def leave() -> None:
    """Draws the button to sign out, where there is sign-in."""
    if runtime.current().signs_in:
        st.button(
            "Sign out",
            on_click=st.logout,
            type="tertiary",
            key="sign-out",
            help=text.literal(str(st.user.to_dict().get("email") or "")),
        )
