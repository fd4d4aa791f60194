"""The rules' states, and which quotes they are asked about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from stock_common.records import Alert, Quote
from stock_producer.outbox import RuleStates
from stock_producer.plans import Freshness
from stock_producer.rules import Rule


class Verdict(NamedTuple):
    """What an answer's quotes lead to: alerts, and states to be kept in the same transaction as they."""

    alerts: list[Alert]
    states: dict[tuple[str, str], bytes]


class Alerting:
    """Evaluates first, keeps when told so: between the two the states go to the disk."""

    def __init__(self, rules: Sequence[Rule], states: RuleStates) -> None:
        self._rules = rules
        self._states = dict(states)

    def evaluate(self, quotes: Iterable[Quote]) -> Verdict:
        """The alerts that `quotes`, in their order, raise. Changes nothing. A closed market raises nothing; end-of-day data are of a
        closed market by nature and do."""
        verdict = Verdict([], {})
        for quote in quotes:
            if quote.session == "closed" and quote.entitlement != Freshness.END_OF_DAY:
                continue
            for rule in self._rules:
                place = (rule.name, quote.symbol)
                before = verdict.states.get(place, self._states.get(place))
                state, alert = rule.evaluate(before, quote)
                if state is not None and state != before:
                    verdict.states[place] = state
                if alert:
                    verdict.alerts.append(alert)
        return verdict

    def keep(self, states: RuleStates) -> None:
        """Takes the states over, once they are on the disk."""
        self._states.update(states)
