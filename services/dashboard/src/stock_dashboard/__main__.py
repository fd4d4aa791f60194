"""`stock-dashboard`: checks the configuration, then serves the page until SIGTERM."""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import streamlit as st
import structlog
from prometheus_client import CollectorRegistry

from stock_common import logs
from stock_common.deadline import Deadline
from stock_common.health import Health, MetricsServer
from stock_common.run import Stop
from stock_common.settings import load_or_exit, public
from stock_dashboard import markup, palette, runtime, signin, warm
from stock_dashboard.config import DashboardSettings, is_loopback
from stock_dashboard.history import History
from stock_dashboard.live import LiveReader
from stock_dashboard.metrics import HistoryMetrics, LiveMetrics, PageMetrics, Viewers
from stock_dashboard.store import LiveStore
from stock_dashboard.tape import Tape
from stock_warehouse.session import Warehouse

CLOSE_SECONDS = 5.0
STATEMENT_SECONDS = 60
"""No picture is worth a longer query: the warehouse ends it."""
EXAMPLES = """examples:
  SNOWFLAKE_ACCOUNT=myorg-account SNOWFLAKE_USER=STOCK_READER SNOWFLAKE_PRIVATE_KEY_FILE=reader.p8 stock-dashboard
  KAFKA_BOOTSTRAP_SERVERS=broker:9092 DASHBOARD_PORT=8080 stock-dashboard"""


def server_options(host: str, port: int, secrets: Sequence[str] = ()) -> dict[str, object]:
    """Streamlit's options: no outside calls, no watching of files, no details of an error to a viewer."""
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
        "browser.gatherUsageStats": False,
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "client.toolbarMode": "minimal",
        "runner.magicEnabled": False,
        # A full collection after each refresh of each viewer takes longer than the refresh itself; see warm.py.
        "runner.postScriptGC": False,
        "secrets.files": list(secrets),
        **palette.THEME,
    }


def serve(shared: runtime.Runtime, host: str, port: int, log: structlog.stdlib.BoundLogger, secrets: Sequence[str] = ()) -> None:
    """Serves the page until SIGTERM or SIGINT. `secrets`: the files of Streamlit's sign-in. Blocks."""
    runtime.install(shared)

    def on_error(error: Exception) -> bool:
        shared.pages.failed()
        log.error("page script failed", exc_info=error)
        st.html(markup.note("This page could not be drawn. The log of the dashboard names the reason; the other pages go on.", "bad"))
        return True

    app = st.App(Path(__file__).with_name("streamlit_app.py"), on_script_error=on_error)
    warm.up()
    app.run(config=server_options(host, port, secrets))


class Parts(NamedTuple):
    """What runs beside the page."""

    reader: LiveReader
    history: History
    server: MetricsServer
    shared: runtime.Runtime

    def start(self) -> None:
        self.reader.start()
        self.history.start()

    def close(self) -> None:
        deadline = Deadline(CLOSE_SECONDS)
        self.reader.close(deadline.remaining())
        self.history.close(min(1.0, deadline.remaining()))
        self.server.close()


def parts(settings: DashboardSettings) -> Parts:
    """Everything from the settings; nothing is started but the health checks' answers."""
    registry, health = CollectorRegistry(), Health(dependencies=("kafka",))
    viewers = Viewers(time.monotonic)
    store = LiveStore(Tape(symbols=settings.live_symbols), runtime.utc_now())
    reader = LiveReader(
        settings, store, LiveMetrics(registry), hours=settings.live_hours, messages=settings.live_messages, clock=runtime.utc_now, health=health
    )
    tag = json.dumps({"app": "stock-pipeline", "service": "dashboard"})
    history = History(
        lambda: Warehouse(settings, "dashboard", query_tag=tag, statement_timeout=STATEMENT_SECONDS),
        HistoryMetrics(registry),
        clock=time.monotonic,
        ttl=settings.history_ttl_seconds,
        refresh=settings.history_refresh_seconds,
        entries=settings.history_entries,
        connections=settings.history_connections,
    )
    pages = PageMetrics(registry, viewers)
    shared = runtime.Runtime(store, history, viewers, pages, groups=settings.symbol_groups, signs_in=settings.signs_in, allowed=settings.oidc_allowed)
    return Parts(reader, history, MetricsServer(settings.metrics_host, settings.metrics_port, registry, health), shared)


def main() -> int:
    argparse.ArgumentParser(
        prog="stock-dashboard",
        description="Serves the dashboard: live prices from Kafka, history from Snowflake. Configured by environment variables, see README.md.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args()
    settings = load_or_exit(DashboardSettings)
    log = logs.setup("dashboard", settings, "streamlit.log")
    logging.getLogger("streamlit").setLevel(logging.ERROR)
    # The server takes the signals while it runs and raises the last one again at its end: here it only marks the end.
    Stop().install()
    made = parts(settings)
    made.server.start()
    log.info("start", page=f"http://{settings.dashboard_host}:{settings.dashboard_port}", **public(settings))
    if not settings.signs_in and not is_loopback(settings.dashboard_host):
        log.warning("no sign-in: whoever reaches this address sees the dashboard", host=settings.dashboard_host)
    made.start()
    try:
        with signin.secrets_file(settings) as secrets:
            serve(made.shared, settings.dashboard_host, settings.dashboard_port, log, secrets)
    finally:
        made.close()
        log.info("closed")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
