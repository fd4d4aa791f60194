"""The rules' states, and which quotes they are asked about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from stock_common.records import Alert, Quote
from stock_producer.outbox import RuleStates
from stock_producer.plans import Freshness
from stock_producer.rules import Rule
from stock_producer.window_rules import Silence


class Watch(NamedTuple):
    """A rule and the symbols that it watches; None: all."""

    rule: Rule
    symbols: frozenset[str] | None = None

    def covers(self, symbol: str) -> bool:
        return self.symbols is None or symbol in self.symbols


class Verdict(NamedTuple):
    """What an answer's quotes lead to: alerts, and states to be kept in the same transaction as they."""

    alerts: list[Alert]
    states: dict[tuple[str, str], bytes]


class Alerting:
    """Evaluates first, keeps when told so: between the two the states go to the disk."""

    def __init__(self, watches: Sequence[Watch], states: RuleStates) -> None:
        self._watches = watches
        self._states = dict(states)
        self._silences = [(watch, watch.rule) for watch in watches if isinstance(watch.rule, Silence)]

    def evaluate(self, quotes: Iterable[Quote]) -> Verdict:
        """The alerts that `quotes`, in their order, raise. Changes nothing. A closed market raises nothing; end-of-day data are of a
        closed market by nature and do, by the rules that are for them."""
        verdict = Verdict([], {})
        for quote in quotes:
            end_of_day = quote.entitlement == Freshness.END_OF_DAY
            if quote.session == "closed" and not end_of_day:
                continue
            for watch in self._watches:
                rule = watch.rule
                if not watch.covers(quote.symbol) or (end_of_day and not rule.end_of_day):
                    continue
                place = (rule.name, quote.symbol)
                before = verdict.states.get(place, self._states.get(place))
                state, alert = rule.evaluate(before, quote)
                if state is not None and state != before:
                    verdict.states[place] = state
                if alert:
                    verdict.alerts.append(alert)
        return verdict

    def overdue(self, now: datetime, trading_since: Mapping[str, datetime]) -> Verdict:
        """The alerts about symbols that are silent. `trading_since`: symbol → since when its quotes are expected; others are not judged."""
        verdict = Verdict([], {})
        for watch, rule in self._silences:
            for symbol, since in trading_since.items():
                before = self._states.get((rule.name, symbol))
                if before is None or not watch.covers(symbol):
                    continue
                state, alert = rule.overdue(before, now, since)
                if alert:
                    verdict.states[rule.name, symbol] = state
                    verdict.alerts.append(alert)
        return verdict

    @property
    def watches_silence(self) -> bool:
        return bool(self._silences)

    def keep(self, states: RuleStates) -> None:
        """Takes the states over, once they are on the disk."""
        self._states.update(states)
