"""`stock-dashboard`: checks the configuration, then serves the page until SIGTERM."""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import NamedTuple

import streamlit.logger

from stock_common import cli
from stock_common.deadline import Deadline
from stock_common.service import EXIT_OK, Context, Service, serve
from stock_common.settings import load_or_exit
from stock_dashboard import server
from stock_dashboard.config import DashboardSettings, is_loopback
from stock_dashboard.data import runtime
from stock_dashboard.data.runtime import Allowed, Runtime
from stock_dashboard.history.cache import CachePolicy, History
from stock_dashboard.live.minute_bars import LiveQuotes
from stock_dashboard.live.reader import LiveReader, ReadWindow
from stock_dashboard.live.store import LiveStore
from stock_dashboard.metrics import HistoryMetrics, LiveMetrics, PageMetrics, Viewers
from stock_dashboard.pages import signin
from stock_dashboard.ui.address import session
from stock_kafka import connection
from stock_warehouse.config import SessionOptions
from stock_warehouse.session import Warehouse

CLOSE_SECONDS = 5.0
STATEMENT_SECONDS = 60
"""No page is worth a longer query: the warehouse ends it."""
DESCRIPTION = (
    "Serves the dashboard: live prices from Kafka, history from Snowflake. "
    "Configured by environment variables, see README.md."
)
EXAMPLES = """examples:
  SNOWFLAKE_ACCOUNT=myorg-account SNOWFLAKE_USER=STOCK_READER \\
    SNOWFLAKE_PRIVATE_KEY_FILE=reader.p8 stock-dashboard
  KAFKA_BOOTSTRAP_SERVERS=broker:9092 DASHBOARD_PORT=8080 stock-dashboard"""


class Dashboard(NamedTuple):
    """What the page is drawn from, and the threads that fill it."""

    reader: LiveReader
    history: History
    shared: Runtime

    def start(self) -> None:
        self.reader.start()
        self.history.start()

    def close(self) -> None:
        deadline = Deadline(CLOSE_SECONDS)
        self.reader.close(deadline.remaining())
        self.history.close(min(1.0, deadline.remaining()))


def build(context: Context[DashboardSettings]) -> Dashboard:
    """Everything from the settings. No thread is started."""
    settings, viewers = context.settings, Viewers(time.monotonic)
    store = LiveStore(LiveQuotes(symbols=settings.live_symbols), runtime.utc_now())
    window = ReadWindow(settings.live_hours, settings.live_messages)
    metrics = LiveMetrics(context.registry)
    reader = LiveReader(settings, store, metrics, window, runtime.utc_now, context.health)
    history = _history(context)
    shared = Runtime(
        store,
        history,
        viewers,
        PageMetrics(context.registry, viewers),
        groups=settings.symbol_groups,
        signs_in=settings.signs_in,
        allowed=Allowed(settings.oidc_allowed, settings.oidc_trust_unverified),
        session=session,
    )
    return Dashboard(reader, history, shared)


def _history(context: Context[DashboardSettings]) -> History:
    settings = context.settings
    tag = json.dumps({"app": "stock-pipeline", "service": "dashboard"})
    options = SessionOptions(statement_seconds=STATEMENT_SECONDS, query_tag=tag)
    policy = CachePolicy(
        settings.history_ttl_seconds, settings.history_refresh_seconds, settings.history_entries
    )
    return History(
        lambda: Warehouse(settings, "dashboard", options),
        HistoryMetrics(context.registry),
        policy,
        clock=time.monotonic,
        connections=settings.history_connections,
    )


def own_streamlit_lines() -> None:
    """Streamlit's own lines go through the service's logger, where secrets are masked.

    Streamlit makes loggers at any time, and sets all of them up again when it has read its options.
    """
    streamlit.logger.setup_formatter = _pass_on
    set_loggers = getattr(streamlit.logger, "_loggers", {})
    for name in ("streamlit", *set_loggers):
        _pass_on(logging.getLogger(name))
    logging.getLogger("streamlit").setLevel(logging.ERROR)


def _pass_on(logger: logging.Logger) -> None:
    logger.handlers.clear()
    logger.propagate = True


def work(context: Context[DashboardSettings]) -> int:
    """Serves the page until SIGTERM or SIGINT. Returns the exit code."""
    settings, log = context.settings, context.log
    own_streamlit_lines()
    dashboard = build(context)
    log.info("serving", page=f"http://{settings.dashboard_host}:{settings.dashboard_port}")
    if not settings.signs_in and not is_loopback(settings.dashboard_host):
        log.warning(
            "no sign-in: whoever reaches this address sees the dashboard", host=settings.dashboard_host
        )
    dashboard.start()
    try:
        signed_in = connection.watched(settings, "dashboard", context.health, log)
        with signin.secrets_file(settings) as secrets, signed_in:
            address = server.Address(settings.dashboard_host, settings.dashboard_port, settings.hosts)
            server.serve(dashboard.shared, address, log, secrets)
    finally:
        dashboard.close()
        log.info("closed")
    return EXIT_OK


def main() -> int:
    cli.parser("stock-dashboard", DESCRIPTION, EXAMPLES).parse_args()
    settings = load_or_exit(DashboardSettings)
    described = Service("dashboard", settings.metrics_port, dependencies=("kafka",), log_file="streamlit.log")
    return serve(described, settings, work)


if __name__ == "__main__":
    sys.exit(main())
