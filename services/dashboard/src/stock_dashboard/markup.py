"""Small pieces of HTML from values: the strip, notes, the quote's head, cards. Pure; every text is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from html import escape
from typing import Any, NamedTuple

from stock_common.status import MarketState
from stock_dashboard import market, text
from stock_dashboard.pipeline import Snapshot, Stage


class Quote(NamedTuple):
    """A symbol's latest, as the head of its page shows it."""

    symbol: str
    price: float
    previous: float | None
    open: float | None
    high: float | None
    low: float | None
    volume: float | None
    at: datetime
    entitlement: str | None
    source: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Quote:
        """From a quote's fields, of the topic or of the warehouse's view."""
        numbers = {name: None if row[name] is None else float(row[name]) for name in ("previous_close", "open", "high", "low", "volume")}
        at = row["quoted_at"] or row["fetched_at"]
        previous, source, entitlement = numbers.pop("previous_close"), row["source"], row.get("entitlement")
        return cls(symbol=row["symbol"], price=float(row["price"]), previous=previous, at=at, entitlement=entitlement, source=source, **numbers)

    @property
    def change(self) -> float | None:
        """Against the previous close."""
        return None if self.previous is None else self.price - self.previous


def note(body: str, kind: str = "") -> str:
    """One sentence in a frame; kind: "", "warn" or "bad"."""
    return f'<div class="sd-note {kind}" role="status">{escape(body)}</div>'


def notes(bodies: Iterable[str], kind: str = "warn") -> str:
    return "".join(note(body, kind) for body in bodies)


def blank(title: str, body: str) -> str:
    """What stands where a picture would be, with the reason."""
    return f'<div class="sd-blank"><b>{escape(title)}</b><span>{escape(body)}</span></div>'


def foot(body: str) -> str:
    return f'<div class="sd sd-foot">{escape(body)}</div>'


def strip(state: Snapshot, rate: float, viewer: tzinfo) -> str:
    """The line at the top of every page: market, quotes at each stage with their age, how far behind, both clocks."""
    markets = state.producer.markets if state.producer else []
    parts = [f"<span>{_market(item, state.now, viewer)}</span>" for item in markets[:3]] or [
        '<span><i class="sd-dot unknown"></i>market not known yet</span>'
    ]
    stages = "".join(f"<span>{_stage(stage, state.now)}</span>" for stage in state.stages)
    parts.append(f'<span class="sd-way">{stages}</span>')
    parts.append(f'<span class="wide"><b>{rate:,.1f}</b> <span class="sd-mute">quotes/s</span></span>')
    if state.simulated:
        parts.append('<span class="sd-tag" title="Made by the simulated market: not prices of an exchange">SIMULATED DATA</span>')
    parts.append(f'<span class="end sd-mute">{_clocks(state, markets)}</span>')
    return f'<div class="sd-strip">{"".join(parts)}</div>'


def _clocks(state: Snapshot, markets: Sequence[MarketState]) -> str:
    exchange = market.exchange(markets[0].calendar) if markets else market.UTC_TIME
    utc = text.clock(state.now, UTC)
    return utc if exchange.zone is UTC else f"{text.clock(state.now, exchange.zone)} · {utc}"


def _market(item: MarketState, now: datetime, viewer: tzinfo) -> str:
    exchange, is_open = market.exchange(item.calendar), market.open_now(item, now)
    name = "24/7 market" if item.calendar == market.ALWAYS_OPEN else item.calendar
    dot = f'<i class="sd-dot {"ok" if is_open else "closed"}"></i><b>{escape(name)} {"open" if is_open else "closed"}</b>'
    change = item.next_close if is_open else item.next_open
    if change is None or change <= now:
        return dot
    return f'{dot} <span class="sd-mute">{"closes" if is_open else "opens"} {escape(both_times(change, exchange.zone, viewer, now))}</span>'


def both_times(time: datetime, zone: tzinfo, viewer: tzinfo, now: datetime) -> str:
    """The exchange's time and, where it differs, the viewer's: `09:30 EST (15:30 CET for you)`; the viewer's day only where it is another."""
    here, there = time.astimezone(zone), time.astimezone(viewer)
    if here.utcoffset() == there.utcoffset():
        return text.stamp(time, zone, now)
    same = here.date() == there.date() and now.astimezone(zone).date() == now.astimezone(viewer).date()
    return f"{text.stamp(time, zone, now)} ({text.clock(time, viewer, seconds=False) if same else text.stamp(time, viewer, now)} for you)"


def _stage(stage: Stage, now: datetime) -> str:
    age = text.ago(text.since(stage.newest, now)) if stage.newest else "no record yet"
    behind = f", {text.count(stage.behind)} behind" if stage.behind else ""
    return f'<i class="sd-dot {stage.state}"></i>{stage.name} <b>{text.count(stage.records)}</b> <span class="sd-mute">{escape(age)}{behind}</span>'


def quote_head(quote: Quote, zone: tzinfo, now: datetime) -> str:
    """Price, change and the day's figures, and when the quote was true."""
    change = quote.change
    percent = None if not quote.previous or change is None else change / quote.previous * 100
    way = text.direction(change)
    move = (
        f"{text.arrow(change)} {text.signed(change, text.decimals(quote.price))} ({text.signed(percent, 2, '%')})"
        if change is not None
        else "no previous close"
    )
    facts = (
        ("Open", text.price(quote.open)),
        ("High", text.price(quote.high)),
        ("Low", text.price(quote.low)),
        ("Prev. close", text.price(quote.previous)),
        ("Day's volume", text.count(quote.volume)),
        ("Data", quote.entitlement or "–"),
        ("Source", quote.source),
    )
    when = text.moment(quote.at, zone, now)
    body = "".join(f"<span><span>{name}</span>{escape(str(value))}</span>" for name, value in facts)
    return (
        f'<div class="sd"><div class="sd-quote"><span class="last">{text.price(quote.price)}</span><span class="move sd-{way}">{move}</span>'
        f'<span class="sd-mute">{escape(text.ago(text.since(quote.at, now)))}, {escape(when)}</span></div><div class="sd-facts">{body}</div></div>'
    )


def card(title: str, big: str, lines: Iterable[str], share: float | None = None) -> str:
    """A figure with its name and what it means; `share` (0 to 1) draws a meter."""
    meter = (
        "" if share is None else f'<div class="sd-meter {"warn" if share > 0.9 else ""}"><i style="width:{min(1.0, max(0.0, share)):.1%}"></i></div>'
    )
    body = "".join(f"<p>{escape(line)}</p>" for line in lines if line)
    return f'<div class="sd-card"><h4>{escape(title)}</h4><div class="big">{escape(big)}</div>{meter}{body}</div>'


def cards(items: Iterable[str]) -> str:
    return f'<div class="sd sd-cards">{"".join(items)}</div>'


def flow(stages: Iterable[tuple[str, str, str, Sequence[str]]]) -> str:
    """The way of a quote: (state, name, figure, lines) for each stage, from left to right."""
    body = ""
    for state, name, figure, lines in stages:
        told = "".join(f"<p>{escape(line)}</p>" for line in lines if line)
        body += f'<div><h4><i class="sd-dot {state}"></i>{escape(name)}</h4><div class="big">{escape(figure)}</div>{told}</div>'
    return f'<div class="sd sd-flow">{body}</div>'


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], left: int = 1) -> str:
    """A table whose first `left` columns are text. A cell that is a tuple is (text, class)."""
    kinds = ["left" if place < left else "" for place in range(len(heads))]
    top = "".join(f'<th class="{kind}">{escape(name)}</th>' for name, kind in zip(heads, kinds, strict=True))
    body = "".join("<tr>" + "".join(_cell(value, kind) for value, kind in zip(row, kinds, strict=True)) + "</tr>" for row in rows)
    return f'<div class="sd sd-scroll" tabindex="0"><table class="sd-table"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(value: object, kind: str) -> str:
    content, extra = value if isinstance(value, tuple) else (value, "")
    return f'<td class="{kind} {extra}">{escape(str(content))}</td>'


def head(body: str) -> str:
    return f'<div class="sd sd-head">{escape(body)}</div>'
