"""The strip at the top of every page: the market, the stages with their age, both clocks. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from html import escape

from stock_common import exchanges
from stock_common.exchanges import ALWAYS_OPEN, UTC_MARKET
from stock_common.status import MarketState
from stock_dashboard import market, text
from stock_dashboard.health.snapshot import Snapshot, Stage
from stock_dashboard.ui import html

MARKETS_SHOWN = 3


def strip(state: Snapshot, rate: float, viewer: tzinfo) -> str:
    """The strip. `rate`: quotes a second. `viewer`: the time zone of the browser."""
    markets = state.producer.markets if state.producer else []
    shown = [_market(item, state.now, viewer) for item in markets[:MARKETS_SHOWN]]
    unknown = f"{html.dot('unknown')}market not known yet"
    parts = [f"<span>{part}</span>" for part in shown or [unknown]]
    unit = html.mute("quotes/s")
    stages = "".join(f"<span>{_stage(stage, state.now)}</span>" for stage in state.stages)
    parts.append(f'<span class="sd-way"><span>{html.mute("Quotes in")}</span>{stages}</span>')
    parts.append(f'<span class="wide"><b>{rate:,.1f}</b> {unit}</span>')
    if state.simulated:
        title = "Made by the simulated market: not prices of an exchange"
        parts.append(f'<span class="sd-tag" title="{title}">SIMULATED DATA</span>')
    parts.append(f'<span class="end sd-mute">{_clocks(state, markets)}</span>')
    return f'<div class="sd-strip">{"".join(parts)}</div>'


def _clocks(state: Snapshot, markets: Sequence[MarketState]) -> str:
    exchange = exchanges.by_calendar(markets[0].calendar) if markets else UTC_MARKET
    utc = text.clock(state.now, UTC)
    return utc if exchange.zone is UTC else f"{text.clock(state.now, exchange.zone)} · {utc}"


def _market(item: MarketState, now: datetime, viewer: tzinfo) -> str:
    is_open = market.open_now(item, now)
    name = "24/7 market" if item.calendar == ALWAYS_OPEN else item.calendar
    status = html.dot("ok" if is_open else "closed")
    words = f"{status}<b>{escape(name)} {'open' if is_open else 'closed'}</b>"
    change = item.next_close if is_open else item.next_open
    if change is None or change <= now:
        return words
    when = both_times(change, exchanges.by_calendar(item.calendar).zone, viewer, now)
    return f"{words} {html.mute(('closes ' if is_open else 'opens ') + when)}"


def both_times(time: datetime, zone: tzinfo, viewer: tzinfo, now: datetime) -> str:
    """The exchange's time and, where it differs, the viewer's: `09:30 EST (15:30 CET for you)`.

    The viewer's day is written only where it is another one.
    """
    at_exchange, at_viewer = time.astimezone(zone), time.astimezone(viewer)
    if at_exchange.utcoffset() == at_viewer.utcoffset():
        return text.stamp(time, zone, now)
    same_today = now.astimezone(zone).date() == now.astimezone(viewer).date()
    same_day = at_exchange.date() == at_viewer.date() and same_today
    viewers = text.clock(time, viewer, seconds=False) if same_day else text.stamp(time, viewer, now)
    return f"{text.stamp(time, zone, now)} ({viewers} for you)"


def _stage(stage: Stage, now: datetime) -> str:
    age = text.ago(text.since(stage.newest, now)) if stage.newest else "no record yet"
    lag = f", {text.count(stage.lag)} to come" if stage.lag else ""
    return f"{html.dot(stage.state)}{stage.name} <b>{text.count(stage.records)}</b> {html.mute(age + lag)}"
