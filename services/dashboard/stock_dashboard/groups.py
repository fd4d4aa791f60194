"""Groups of symbols: those of the configuration, and the exchanges where there are several. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from stock_common import symbols as symbol_rules
from stock_common.status import MarketState
from stock_dashboard import market

Groups = tuple[tuple[str, tuple[str, ...]], ...]
"""(name, symbols) in the order of the configuration."""

EVERYTHING = "All"


def parsed(setting: str) -> Groups:
    """Groups from `Tech=AAPL,MSFT; Banks=JPM,BAC`. Raises ValueError that names what is not a group."""
    groups: dict[str, tuple[str, ...]] = {}
    for part in (part.strip() for part in setting.split(";")):
        if not part:
            continue
        name, members = _group(part)
        if name == EVERYTHING or name in groups:
            raise ValueError(f"the group {name} is there already")
        groups[name] = members
    return tuple(groups.items())


def _group(part: str) -> tuple[str, tuple[str, ...]]:
    name, _, rest = (piece.strip() for piece in part.partition("="))
    members = symbol_rules.split(rest)
    if not name or not members:
        raise ValueError(f"`{part}` is no group: write Name=SYMBOL,SYMBOL")
    if wrong := [symbol for symbol in members if not symbol_rules.is_symbol(symbol)]:
        raise ValueError(f"{wrong[0]} in the group {name} is no symbol")
    return name, members


def groups_with_members(
    groups: Groups, symbols: Iterable[str], markets: Iterable[MarketState] = ()
) -> dict[str, frozenset[str]]:
    """Group name → those of `symbols` that are in it, for each group that has any.

    Where the symbols trade on several exchanges, each is a group too. Empty: there is nothing to choose.
    """
    present, markets = frozenset(symbols), tuple(markets)
    found = {name: present & frozenset(members) for name, members in groups if present & frozenset(members)}
    by_exchange: dict[str, set[str]] = {}
    for symbol in present:
        by_exchange.setdefault(market.exchange_of(symbol, markets).name, set()).add(symbol)
    if len(by_exchange) > 1:
        found |= {
            name: frozenset(members) for name, members in sorted(by_exchange.items()) if name not in found
        }
    return found
