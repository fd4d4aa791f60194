"""The rules of alerts, on quotes that the decoder accepts."""

from __future__ import annotations

from decimal import Decimal

from stock_common.records import Alert, Quote, decode, encode
from stock_producer.alerts.engine import Alerting, Watch
from stock_producer.alerts.rules.move import MoveAgainstClose
from stock_producer.alerts.rules.price import PriceCrossing
from stock_producer.alerts.rules.silence import Silence
from stock_producer.alerts.rules.volume import VolumeSpike
from stock_producer.alerts.rules.window import MoveWithin


def check_rules(found: list[Quote]) -> None:
    """No rule fails, and their alerts are accepted by the contract."""
    rules = [
        MoveAgainstClose(percent=Decimal(5)),
        MoveWithin(percent=Decimal(2), minutes=5),
        PriceCrossing(symbols=["IBM"], price=Decimal(100)),
        VolumeSpike(factor=Decimal(3)),
        Silence(minutes=5),
    ]
    alerting = Alerting([Watch(rule) for rule in rules], {})
    for quote in found:
        verdict = alerting.evaluate([quote])
        assert verdict.faults == {}
        alerting.keep(verdict.states)
        for alert in verdict.alerts:
            assert decode(encode(alert), Alert).rule == alert.rule
