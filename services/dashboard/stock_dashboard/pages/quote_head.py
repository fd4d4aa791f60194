"""The head of the Symbol page: price, change, the day's figures, and when the quote was true. Pure."""

from __future__ import annotations

from datetime import datetime, tzinfo
from html import escape

from stock_dashboard import text
from stock_dashboard.data.row import Row
from stock_dashboard.ui import html


def quote_head(row: Row, zone: tzinfo, now: datetime) -> str:
    """The head as HTML. `zone`: the exchange's time zone."""
    facts = (
        ("Open", text.price(row.open)),
        ("High", text.price(row.high)),
        ("Low", text.price(row.low)),
        ("Prev. close", text.price(row.previous)),
        ("Day's volume", text.count(row.volume)),
        ("Data", row.entitlement or "–"),
        ("Source", row.source),
    )
    body = "".join(f"<span><span>{name}</span> {escape(str(value))}</span>" for name, value in facts)
    when = f"{text.ago(text.since(row.at, now))}, {text.moment(row.at, zone, now)}"
    unit = html.mute(row.currency) if row.currency else ""
    last = f'<span class="last">{text.price(row.price)}</span>{unit}'
    move = f'<span class="move sd-{text.direction(row.change)}">{_move(row)}</span>'
    name = f'<h1 class="name">{escape(row.symbol)}</h1>'
    quote = f'<div class="sd-quote">{name}{last}{move}{html.mute(when)}</div>'
    return f'<div class="sd">{quote}<div class="sd-facts">{body}</div></div>'


def _move(row: Row) -> str:
    if row.change is None:
        return "no previous close"
    change = text.signed(row.change, text.decimals(row.price))
    return f"{text.arrow(row.change)} {change} ({text.signed(row.percent, 2, '%')})"
