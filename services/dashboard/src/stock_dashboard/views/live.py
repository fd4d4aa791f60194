"""Live: every symbol's latest quote, from the topic itself."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from stock_common.status import ProducerStatus
from stock_dashboard import frame, market, markup, queries, runtime, text, ticker
from stock_dashboard.store import LiveStore

NEVER_OLD = 1e12
OLD_ROUNDS = 6
OLD_AT_LEAST_SECONDS = 60.0


def page() -> None:
    shared = runtime.current()
    opened = [True]

    def draw() -> None:
        acted, opened[0] = opened[0], False
        _draw(shared, acted)

    frame.live(draw)


def _draw(shared: runtime.Runtime, acted: bool) -> None:
    store, now = shared.store, shared.now()
    # The topics tell of every new quote; the warehouse is asked once, for symbols that they are silent about, or again when Kafka is down.
    picture = shared.picture(queries.latest(follows_loads=store.link.state == "down"), acted=acted and not store.newest())
    rows = ticker.rows(store.newest(), store.sparks(ticker.SPARK_POINTS), ticker.stored_rows(picture.table))
    said = [words for words in (feed_words(store, now), frame.history_words(picture) if not rows or picture.fault == "denied" else None) if words]
    st.html(markup.notes(said) or "<span></span>")
    if not rows:
        st.html(markup.blank(*_nothing(store, picture.pending)))
        return
    if len(rows) > ticker.ROWS_LIMIT:
        st.html(markup.foot(f"The first {ticker.ROWS_LIMIT} of {len(rows)} symbols are shown."))
    choice = ticker.show(rows, now, sort=st.query_params.get("sort"), chosen=st.query_params.get("list"), old_after=old_after(store.producer(), now))
    _remember("sort", choice.sort)
    _remember("list", choice.list)
    if choice.open:
        st.session_state["go"] = ("Symbol", choice.open)
        st.rerun(scope="app")


def _remember(name: str, value: str | None) -> None:
    """Keeps a choice in the URL."""
    if value is None or st.query_params.get(name, "") == value:
        return
    if value:
        st.query_params[name] = value
    else:
        del st.query_params[name]


def feed_words(store: LiveStore, now: datetime) -> str | None:
    """What a reader is told of a feed that stands still; None while it lives."""
    link, producer, newest = store.link, store.producer(), store.newest_kafka
    if link.state == "down":
        of = f" Prices are as of {text.ago(text.since(newest, now))}." if newest else ""
        return f"Kafka has not answered for {text.age(text.since(link.since, now))}.{of} The page goes on by itself when it does."
    if link.state == "connecting" or newest is None or producer is None:
        return None
    if producer.fault:
        return f"The producer reports: {producer.fault}"
    if not any(market.open_now(item, now) for item in producer.markets):
        return None
    silent, allowed = text.since(newest, now) or 0.0, max(OLD_AT_LEAST_SECONDS, OLD_ROUNDS * producer.interval_seconds)
    return (
        f"No quote has come for {text.age(silent)} although the market is open: the producer or its source stands still."
        if silent > allowed
        else None
    )


def old_after(producer: ProducerStatus | None, now: datetime) -> float:
    """Seconds from which a row is dimmed; never while the market is closed, or where the plan has end-of-day data only."""
    if producer is None or producer.freshness != "realtime" or not any(market.open_now(item, now) for item in producer.markets):
        return NEVER_OLD
    return max(OLD_AT_LEAST_SECONDS, OLD_ROUNDS * producer.interval_seconds)


def _nothing(store: LiveStore, pending: bool) -> tuple[str, str]:
    if store.link.state == "connecting" or pending:
        return "Connecting", "The topics and the warehouse are being asked for the first quotes."
    if store.link.state == "down":
        return "Nothing to show yet", "Neither Kafka nor the warehouse has given a quote. The page fills by itself when one of them answers."
    if store.producer() is None:
        return "No quote yet", "Kafka is there, but the producer has not reported. Start it, and the first prices appear here within seconds."
    return "No quote yet", "The producer is at work; the first prices appear here as soon as it has fetched them."
