"""What the settings say that is no fault, and yet cannot have been meant. Pure.

The start logs it, and `stock-producer plan` shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stock_common import exchanges
from stock_producer.alerts.engine import Watch
from stock_producer.market.calendars import AUTO
from stock_producer.vendor.base import Freshness, Plan


def doubts(plan: Plan, symbols: Sequence[str], calendar_setting: str, watches: Sequence[Watch]) -> list[str]:
    """Sentences on symbols of exchanges that are not known, and on rules that can never raise an alert."""
    return [*_unknown_exchanges(symbols, calendar_setting), *_idle_rules(plan, symbols, watches)]


def _unknown_exchanges(symbols: Sequence[str], calendar_setting: str) -> Iterator[str]:
    unknown = [symbol for symbol in symbols if exchanges.of(symbol) is exchanges.UNKNOWN]
    if unknown:
        hours = "around the clock" if calendar_setting == AUTO else f"in the hours of {calendar_setting}"
        yield (
            f"the exchange of {', '.join(unknown)} is not known: asked for one by one, {hours}, "
            "never in bulk. Check the suffix with stock-producer symbols search"
        )


def _idle_rules(plan: Plan, symbols: Sequence[str], watches: Sequence[Watch]) -> Iterator[str]:
    """The rules, or symbols of rules, that no quote can ever come to."""
    watched = {_plain(symbol): symbol for symbol in symbols}
    for watch in watches:
        if plan.freshness is Freshness.END_OF_DAY and not watch.rule.end_of_day:
            yield f"the rule {watch.rule.name} never fires: plan {plan.name} has end-of-day data only"
        for symbol in sorted((watch.symbols or frozenset()) - set(symbols)):
            meant = watched.get(_plain(symbol))
            hint = f", write {meant}" if meant else ""
            yield f"the rule {watch.rule.name} never fires for {symbol}, which is not watched{hint}"


def _plain(symbol: str) -> str:
    """Without punctuation: a share class is written as BRK.B and as BRK-B."""
    return symbol.replace("-", "").replace(".", "")
