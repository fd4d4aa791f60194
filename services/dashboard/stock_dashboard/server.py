"""Streamlit's server: its options, and how the page is served by it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import streamlit as st
import structlog
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stock_dashboard import palette
from stock_dashboard.compression import CompressedAssets
from stock_dashboard.data import runtime
from stock_dashboard.data.runtime import Runtime
from stock_dashboard.preload import preload
from stock_dashboard.ui import html

MOST_MESSAGE_MB = 8
HEADERS = {
    # Streamlit's own page has inline scripts and styles, plotly makes workers and images from blobs.
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' ws: wss:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
SCRIPT = Path(__file__).with_name("streamlit_app.py")
FAILED = "This page could not be drawn. The log of the dashboard names the reason; the other pages go on."


class Address(NamedTuple):
    """Where the page is served, and the names by which browsers may reach it (empty: any)."""

    host: str
    port: int
    hosts: Sequence[str] = ()


class SecurityHeaders:
    """Adds HEADERS to every answer: nothing is loaded from elsewhere, and no other site frames the page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


def server_options(
    host: str, port: int, hosts: Sequence[str], secrets: Sequence[str] = ()
) -> dict[str, object]:
    """Streamlit's options: no outside calls, no watching of files, no details of an error to a viewer.

    hosts: the names by which browsers may reach the page. Empty: any.
    """
    return {
        "server.address": host,
        "server.port": port,
        "server.headless": True,
        "logger.hideWelcomeMessage": True,
        "server.fileWatcherType": "none",
        "server.runOnSave": False,
        "server.enableXsrfProtection": True,
        "server.enableCORS": True,
        "server.maxUploadSize": 1,
        # A page sends a few kB. 200 MB, the default, would be taken from anybody, before any sign-in.
        "server.maxMessageSize": MOST_MESSAGE_MB,
        # A refresh of the table is mostly what the last one was: a tenth of the bytes.
        "server.enableWebsocketCompression": True,
        "server.allowedHosts": list(hosts),
        "browser.gatherUsageStats": False,
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "client.toolbarMode": "minimal",
        "runner.magicEnabled": False,
        # A full collection after each refresh takes longer than the refresh itself. See preload.py.
        "runner.postScriptGC": False,
        "secrets.files": list(secrets),
        **palette.THEME,
    }


def serve(
    shared: Runtime,
    address: Address,
    log: structlog.stdlib.BoundLogger,
    secrets: Sequence[str] = (),
) -> None:
    """Serves the page at `address` until SIGTERM or SIGINT. Blocks.

    secrets: the files of Streamlit's sign-in.
    The server takes the signals while it runs, and raises the last one again at its end.
    """
    runtime.install(shared)

    def on_error(error: Exception) -> bool:
        shared.pages.failed()
        log.error("page script failed", exc_info=error)
        st.html(html.note(FAILED, "bad"))
        return True

    app = st.App(
        SCRIPT,
        on_script_error=on_error,
        middleware=[Middleware(SecurityHeaders), Middleware(CompressedAssets)],
    )
    preload()
    app.run(config=server_options(*address, secrets))
