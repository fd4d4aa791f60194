"""Alerts: what the rules have raised, and what happened since."""

from __future__ import annotations

import streamlit as st

from stock_common.records import Alert
from stock_dashboard import address, alerting, download, frame, market, markup, quotes, runtime, states, ticker
from stock_dashboard.ticker import Choice, Look

LOOK = Look(
    "Alerts", ("when", "symbol", "since", "message", "rule", "alerted", "price", "swing", "severity"), noun="alerts", moves=False, empty="No alert."
)
RULES = {"move": "The price has moved by the threshold or more against the previous close: one alert a crossing, a direction and a trading day."}
"""What a rule says, in words; an unknown one is named only."""
PACE = 2.0
SORTED_BY = {"when": "at"}
NEWEST_FIRST = "when:desc"
ANY = "All rules"


def page() -> None:
    shared = runtime.current()
    known = alerting.known(shared, acted=True).alerts
    rule = _rule(sorted({alert.rule for alert in known}))
    shown: list[list[dict]] = [[]]

    def draw() -> None:
        shown[0] = _draw(shared, rule)

    frame.live(draw, slower=PACE)
    download.buttons("alerts", shared.now(), lambda: download.table(shown[0], alerting.FIELDS))


def _rule(rules: list[str]) -> str:
    """The rule whose alerts are shown, as chosen here or by the address."""
    if not rules:
        return ANY
    address.follow("rule", [ANY, *rules], ANY)
    rule = st.pills("Rule", [ANY, *rules], required=True, key="rule", label_visibility="collapsed") or ANY
    address.keep("rule", rule, ANY)
    return rule


def _draw(shared: runtime.Runtime, rule: str) -> list[dict]:
    """The table; returns the rows that are seen, as for a file."""
    store, now = shared.store, shared.now()
    known = alerting.known(shared, acted=False)
    said = [words for words in (states.feed_words(store, now), states.history_words(known.picture, store.link, store.loader())) if words]
    st.html(markup.notes(said) or "<span></span>")
    if not known.alerts:
        st.html(markup.blank(*_nothing(shared, known.picture.pending, known.picture.fault is not None)))
        return []
    wanted = [alert for alert in known.alerts if rule in (ANY, alert.rule)][: ticker.ROWS_LIMIT]
    prices = {row["symbol"]: row["price"] for row in quotes.known(shared, acted=False).rows}
    rows = alerting.rows(wanted, prices, store.minutes, lambda symbol: market.exchange_of(symbol, store.markets()).zone, now)
    asked = Choice(st.query_params.get("sort") or NEWEST_FIRST, st.query_params.get("list"), None)
    choice = ticker.show(rows, now, look=LOOK, key="alerts", sort=asked.sort, chosen=asked.list)
    ticker.remember(choice)
    st.html(markup.foot(_foot(wanted, len(known.alerts))))
    seen = Choice(choice.sort or asked.sort, asked.list if choice.list is None else choice.list, None)
    return alerting.exported(ticker.selected(rows, seen, LOOK, SORTED_BY), wanted)


def _foot(wanted: list[Alert], all_of_them: int) -> str:
    rules = " ".join(f"{rule}: {RULES[rule]}" for rule in sorted({alert.rule for alert in wanted}) if rule in RULES)
    newest = f" The newest {len(wanted)} of {all_of_them} are shown." if len(wanted) < all_of_them else ""
    return f"Since then: the latest price against the alert's own; low and high since where the live tape reaches back to it.{newest} {rules}"


def _nothing(shared: runtime.Runtime, pending: bool, faulty: bool) -> tuple[str, str]:
    if pending or shared.store.link.state == "connecting":
        return "Connecting", "The topic and the warehouse are being asked for alerts."
    if faulty and shared.store.link.state == "down":
        return "Nothing to show yet", "Neither Kafka nor the warehouse can be read. The page fills by itself when one of them answers."
    if faulty:
        return "No alert of late", "The topic holds no alert of the last hours, and older ones cannot be read from the warehouse now."
    return "No alert yet", "No rule has raised an alert. The next one appears here within a second of being raised."
