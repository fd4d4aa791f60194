"""Alerts: what the rules have raised, and what has happened since."""

from __future__ import annotations

import streamlit as st

from stock_common.records import Alert
from stock_dashboard import market, text
from stock_dashboard.data import alerts, quotes, runtime
from stock_dashboard.data.alerts import RULES, AlertRow
from stock_dashboard.data.runtime import Runtime
from stock_dashboard.history.cache import Result
from stock_dashboard.pages import base, download
from stock_dashboard.ui import address, html, table
from stock_dashboard.ui.table import TableOptions

OPTIONS = TableOptions("Alerts", alerts.COLUMNS, noun="alerts", moves=False, empty="No alert.")
NEWEST_FIRST = "when:desc"
ANY = "All rules"


def page() -> None:
    shared = runtime.current()
    rule = _rule(sorted({alert.rule for alert in alerts.all_alerts(shared, user_opened=True).alerts}))
    base.show(
        shared,
        "alerts",
        lambda _: _draw(shared, rule),
        lambda rows: download.table(alerts.file_rows(rows), alerts.FIELDS),
        slower=base.SLOWER,
    )


def _rule(rules: list[str]) -> str:
    """The rule whose alerts are shown, as chosen here or by the address."""
    if not rules:
        return ANY
    address.follow("rule", [ANY, *rules], ANY)
    rule = (
        st.pills(
            "Rule",
            [ANY, *rules],
            required=True,
            key="rule",
            format_func=text.literal,
            label_visibility="collapsed",
        )
        or ANY
    )
    address.keep("rule", rule, ANY)
    return rule


def _draw(shared: Runtime, rule: str) -> list[AlertRow]:
    """Draws the table. Returns the rows that are seen."""
    now, markets = shared.now(), shared.store.markets()
    found = alerts.all_alerts(shared, user_opened=False)
    base.show_notices(shared, found.result)
    if not found.alerts:
        st.html(html.blank(*_why_empty(shared, found.result)))
        return []
    wanted = [alert for alert in found.alerts if rule in (ANY, alert.rule)][: table.ROWS_LIMIT]
    prices = {row.symbol: row.price for row in quotes.all_rows(shared, user_opened=False).rows}
    rows = alerts.rows(
        wanted, prices, shared.store.minutes, lambda symbol: market.exchange_of(symbol, markets).zone, now
    )
    seen = table.show_sortable(rows, now, OPTIONS, key="alerts", sort=NEWEST_FIRST)
    st.html(html.foot(_foot(wanted, len(found.alerts))))
    return seen


def _foot(wanted: list[Alert], total: int) -> str:
    named = sorted({alert.rule for alert in wanted} & RULES.keys())
    rules = " ".join(f"{rule}: {RULES[rule]}" for rule in named)
    newest = f" The newest {len(wanted)} of {total} are shown." if len(wanted) < total else ""
    return (
        "Since then: the latest price against the alert's own; "
        f"low and high since where the live tape reaches back to it.{newest} {rules}"
    )


def _why_empty(shared: Runtime, result: Result) -> tuple[str, str]:
    """Why there is no alert, as a title and a sentence."""
    connection = shared.store.connection.state
    if result.pending or connection == "connecting":
        return "Connecting", "The topic and the warehouse are being asked for alerts."
    if result.fault and connection == "down":
        return (
            "Nothing to show yet",
            "Neither Kafka nor the warehouse can be read. The page fills by itself when one of them answers.",
        )
    if result.fault:
        return (
            "No alert of late",
            "The topic holds no alert of the last hours, "
            "and older ones cannot be read from the warehouse now.",
        )
    return (
        "No alert yet",
        "No rule has raised an alert. The next one appears here within a second of being raised.",
    )
