"""The command: its configuration, its metrics, its documents."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import streamlit.logger
from command import GOOD, command
from prometheus_client import CollectorRegistry

from stock_dashboard.__main__ import own_streamlit_lines
from stock_dashboard.config import DashboardSettings
from stock_dashboard.history import queries
from stock_dashboard.metrics import HistoryMetrics, LiveMetrics, PageMetrics, Viewers
from stock_dashboard.server import server_options

README = Path(__file__).parent.parent / "README.md"


def test_every_fault_in_one_message_and_nothing_started():
    ended = command(DASHBOARD_PORT="99999", HISTORY_ENTRIES="none", KAFKA_SECURITY_PROTOCOL="SASL_SSL")
    assert ended.returncode == 2
    for name in ("SNOWFLAKE_ACCOUNT", "SNOWFLAKE_USER", "DASHBOARD_PORT", "HISTORY_ENTRIES"):
        assert name in ended.stderr
    assert "Traceback" not in ended.stderr


def test_help_has_examples():
    ended = command("--help")
    assert ended.returncode == 0 and "examples:" in ended.stdout


def test_options_show_a_viewer_no_details_and_call_nobody():
    options = server_options("127.0.0.1", 8501, ["localhost"])
    assert options["server.maxMessageSize"] == 8
    assert options["server.allowedHosts"] == ["localhost"]
    assert options["client.showErrorDetails"] == "none"
    assert options["browser.gatherUsageStats"] is False
    assert options["server.enableXsrfProtection"] is True


def test_streamlits_own_lines_go_through_the_services_logger(monkeypatch, caplog, capfd):
    """There, secrets are masked. Its own handlers write them to standard error as they come."""
    monkeypatch.setattr(streamlit.logger, "setup_formatter", streamlit.logger.setup_formatter)
    before = streamlit.logger.get_logger("streamlit.before")
    own_streamlit_lines()
    after = streamlit.logger.get_logger("streamlit.after")
    streamlit.logger.update_formatter()
    for logger in (before, after):
        logger.error("the key is 123")
    assert [record.name for record in caplog.records] == ["streamlit.before", "streamlit.after"]
    assert capfd.readouterr().err == ""


def test_the_page_listens_on_loopback_and_reads_as_reader(monkeypatch):
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    settings = DashboardSettings()  # type: ignore[call-arg]
    assert (settings.dashboard_host, settings.metrics_host, settings.snowflake_role) == (
        "127.0.0.1",
        "127.0.0.1",
        "STOCK_READER",
    )
    assert "secret-word" not in repr(settings)


def metric_names() -> set[str]:
    registry = CollectorRegistry()
    LiveMetrics(registry), HistoryMetrics(registry), PageMetrics(registry, Viewers(lambda: 0.0))
    names = {family.name + ("_total" if family.type == "counter" else "") for family in registry.collect()}
    return names | {"stock_heartbeat_healthy"}


def test_the_readme_names_every_metric_and_every_variable():
    text = README.read_text()
    assert {name for name in metric_names() if f"`{name}`" not in text} == set()
    assert {
        name.upper() for name in DashboardSettings.model_fields if f"`{name.upper()}`" not in text
    } == set()


@pytest.mark.parametrize("seconds", [44.0, 46.0])
def test_a_tab_that_is_gone_is_no_viewer(clock, seconds):
    viewers = Viewers(clock)
    viewers.touch("one")
    clock.at = seconds
    viewers.touch("two")
    assert viewers.count() == (2 if seconds < 45 else 1)


@pytest.mark.parametrize("span", queries.RANGES.values(), ids=lambda span: span.name)
def test_questions_are_bound_and_limited(span):
    query = queries.bars("IBM'; --", span, date(2026, 11, 23))
    assert "IBM" not in query.sql and query.params[0] == "IBM'; --"
    assert query.sql.endswith(f"LIMIT {span.limit}") and query.sql.count("?") == len(query.params)
    assert "RAW." not in query.sql
