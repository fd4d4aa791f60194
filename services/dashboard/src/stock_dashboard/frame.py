"""What every page has in common: its style, the strip, the pace of refreshing, the viewer's time zone."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
from streamlit.components.v2 import component

from stock_dashboard import market, markup, pipeline, runtime
from stock_dashboard.store import LiveStore

FAST_SECONDS = 1.0
SLOW_SECONDS = 10.0
QUIET_SECONDS = 120.0
"""A closed market's page slows down when no quote has come for this long."""


@cache
def _style() -> str:
    return (files("stock_dashboard") / "static" / "app.css").read_text()


def style() -> None:
    """The style sheet; once in every full run."""
    st.html(f"<style>{_style()}</style>")


@cache
def _keys() -> Callable[..., object]:
    return component("stock_pages", js=(files("stock_dashboard") / "static" / "pages.js").read_text(encoding="utf-8"))


def keys() -> None:
    """The keys that open the pages."""
    with st.container(key="keys", height=1, border=False):
        _keys()(key="page-keys")


def viewer_zone() -> tzinfo:
    """The browser's time zone, UTC where it does not say."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def pace(store: LiveStore, now: datetime) -> float:
    """Seconds between refreshes: fast while anything moves or is about to, slow while every market is closed and the topic is silent."""
    markets = store.markets()
    if not markets or any(market.open_now(item, now) for item in markets):
        return FAST_SECONDS
    newest = store.newest_kafka
    return FAST_SECONDS if newest is not None and (now - newest).total_seconds() < QUIET_SECONDS else SLOW_SECONDS


def live(draw: Callable[[], None], slower: float = 1.0) -> None:
    """Draws now and again at the market's pace (times `slower`), without a run of the whole page; a change of pace is one such run."""
    shared = runtime.current()
    used = pace(shared.store, shared.now())

    def refresh() -> None:
        shared.viewers.touch(st.session_state.setdefault("viewer", str(uuid.uuid4())))
        if pace(shared.store, shared.now()) != used:
            st.rerun(scope="app")
        draw()

    refresh.__qualname__ = f"live.{draw.__module__}.{draw.__qualname__}"
    st.fragment(refresh, run_every=used * slower)()


def strip() -> None:
    """The line at the top, and what is wrong."""

    def draw() -> None:
        shared = runtime.current()
        state = pipeline.snapshot(shared.store, shared.now())
        st.html(markup.strip(state, shared.store.rate(state.now), viewer_zone()))

    live(draw)
