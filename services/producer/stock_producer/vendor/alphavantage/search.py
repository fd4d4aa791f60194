"""Alpha Vantage's answers to SYMBOL_SEARCH. Pure."""

from __future__ import annotations

from stock_producer.vendor.alphavantage.quotes import document
from stock_producer.vendor.base import Match
from stock_producer.vendor.kinds import Kind, Refusal

_FIELDS = ("1. symbol", "2. name", "3. type", "4. region", "8. currency", "9. matchScore")


def matches(body: bytes) -> list[Match]:
    """The matches in an answer, best first. Raises Refusal."""
    rows = document(body).get("bestMatches")
    if not isinstance(rows, list):
        raise Refusal(Kind.UNREADABLE, "no matches in the answer")
    return [Match(*(str(row.get(name, "")) for name in _FIELDS)) for row in rows if isinstance(row, dict)]
