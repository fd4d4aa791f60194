"""The command `symbols search`: what the vendor calls a company. Pure but for the call, which is an argument."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from stock_common.run import FatalError
from stock_producer.budget import Budget
from stock_producer.refusals import FATAL, LIMITED, Kind, Refusal
from stock_producer.responses import document


class Match(NamedTuple):
    """`score`: 0 to 1, as the vendor gives it."""

    symbol: str
    name: str
    kind: str
    region: str
    currency: str
    score: str


def matches(body: bytes) -> list[Match]:
    """The matches in an answer of SYMBOL_SEARCH, best first. Raises Refusal."""
    rows = document(body).get("bestMatches")
    if not isinstance(rows, list):
        raise Refusal(Kind.UNREADABLE, "no matches in the answer")
    names = ("1. symbol", "2. name", "3. type", "4. region", "8. currency", "9. matchScore")
    return [Match(*(str(row.get(name, "")) for name in names)) for row in rows if isinstance(row, dict)]


def search(text: str, ask: Callable[[str], list[Match]], budget: Budget, clock: Callable[[], datetime]) -> list[Match]:
    """One call, counted in the budget. Raises FatalError when it may not be made, or brought nothing."""
    now = clock()
    if budget.allowance(now).earliest > now:
        raise FatalError(f"The budget has no call now: try again after {budget.allowance(now).earliest:%Y-%m-%d %H:%M:%S} UTC.")
    budget.take(now)
    try:
        return ask(text)
    except Refusal as refusal:
        if refusal.kind in LIMITED:
            budget.correct(refusal, clock())
        raise FatalError(f"{FATAL.get(refusal.kind, 'The search brought nothing.')} Alpha Vantage says: {refusal.text}") from None


def table(found: list[Match]) -> str:
    """The matches for a reader."""
    if not found:
        return "Nothing matches."
    widths = [max(len(match[column]) for match in found) for column in range(len(Match._fields))]
    return "\n".join("  ".join(value.ljust(width) for value, width in zip(match, widths, strict=True)).rstrip() for match in found)
