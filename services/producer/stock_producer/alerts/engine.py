"""The states of the rules, and which quotes each rule judges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from stock_common.records import Alert, Quote
from stock_producer.alerts.rules.base import Evaluates
from stock_producer.alerts.rules.silence import Silence
from stock_producer.outbox.outbox import RuleStates
from stock_producer.vendor.base import Freshness


class Watch(NamedTuple):
    """A rule and the symbols that it watches. None: all."""

    rule: Evaluates
    symbols: frozenset[str] | None = None

    def covers(self, symbol: str) -> bool:
        return self.symbols is None or symbol in self.symbols


class Verdict(NamedTuple):
    """The result for an answer's quotes: alerts, and the states to be kept in the same transaction.

    faults: (rule, symbol) → why the rule could not judge the symbol's quote.
    """

    alerts: list[Alert]
    states: dict[tuple[str, str], bytes]
    faults: dict[tuple[str, str], str]


class Alerting:
    """Evaluates first and keeps the states later. Between the two the caller writes them to the disk."""

    def __init__(self, watches: Sequence[Watch], states: RuleStates) -> None:
        self._watches = watches
        self._states = dict(states)
        self._silences = [(watch, watch.rule) for watch in watches if isinstance(watch.rule, Silence)]

    def evaluate(self, quotes: Iterable[Quote]) -> Verdict:
        """The alerts that `quotes`, in their order, raise. It changes nothing.

        A closed market raises nothing. End-of-day data are always of a closed market. They raise alerts by
        the rules that are for them.
        """
        verdict = Verdict([], {}, {})
        for quote in quotes:
            end_of_day = quote.entitlement == Freshness.END_OF_DAY
            if end_of_day or quote.session != "closed":
                for watch in self._watches:
                    if watch.covers(quote.symbol) and (watch.rule.end_of_day or not end_of_day):
                        self._judge(watch.rule, quote, verdict)
        return verdict

    def _judge(self, rule: Evaluates, quote: Quote, verdict: Verdict) -> None:
        """Adds to the verdict what the rule finds."""
        place = (rule.name, quote.symbol)
        before = verdict.states.get(place, self._states.get(place))
        try:
            state, alert = rule.evaluate(before, quote)
        except (ArithmeticError, ValueError) as error:
            # One rule's arithmetic on one symbol's prices costs no other rule and no other symbol.
            verdict.faults[place] = repr(error)
            return
        if state is not None and state != before:
            verdict.states[place] = state
        if alert:
            verdict.alerts.append(alert)

    def overdue(self, now: datetime, trading_since: Mapping[str, datetime]) -> Verdict:
        """The alerts about symbols that are silent.

        `trading_since`: symbol → since when its quotes are expected. Other symbols are not judged.
        """
        verdict = Verdict([], {}, {})
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
