"""Groups of symbols: those that the configuration names, and the exchanges where there are several. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from stock_common.status import MarketState
from stock_dashboard import market

Groups = tuple[tuple[str, tuple[str, ...]], ...]
"""(name, symbols) in the order of the configuration."""

EVERYTHING = "All"
_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9.\-]{0,31}")


def parsed(words: str) -> Groups:
    """Groups from `Tech=AAPL,MSFT; Banks=JPM,BAC`. Raises ValueError naming the part that is none."""
    groups: dict[str, tuple[str, ...]] = {}
    for part in (part.strip() for part in words.split(";")):
        if not part:
            continue
        name, _, rest = (piece.strip() for piece in part.partition("="))
        symbols = tuple(dict.fromkeys(symbol.upper() for symbol in re.split(r"[\s,]+", rest) if symbol))
        if not name or not symbols:
            raise ValueError(f"`{part}` is no group: write Name=SYMBOL,SYMBOL")
        if name == EVERYTHING or name in groups:
            raise ValueError(f"the group {name} is there already")
        if bad := [symbol for symbol in symbols if not _SYMBOL.fullmatch(symbol)]:
            raise ValueError(f"{bad[0]} in the group {name} is no symbol")
        groups[name] = symbols
    return tuple(groups.items())


def known(groups: Groups, symbols: Iterable[str], markets: Iterable[MarketState] = ()) -> dict[str, frozenset[str]]:
    """The groups that have any of `symbols`, and one for each exchange where there are several. Empty: there is nothing to choose from."""
    present, markets = frozenset(symbols), tuple(markets)
    found = {name: present & frozenset(members) for name, members in groups if present & frozenset(members)}
    places: dict[str, set[str]] = {}
    for symbol in present:
        places.setdefault(market.exchange_of(symbol, markets).place, set()).add(symbol)
    if len(places) > 1:
        found |= {place: frozenset(members) for place, members in sorted(places.items()) if place not in found}
    return found
