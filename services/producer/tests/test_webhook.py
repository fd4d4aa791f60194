from __future__ import annotations

import json
import time
from collections.abc import Callable
from decimal import Decimal

import pytest
import structlog
from prometheus_client import CollectorRegistry
from support.process import poll_until
from support.quotes import quote

from stock_common.records import Alert, decode
from stock_common.retry import Policy
from stock_producer.alerts import webhook
from stock_producer.alerts.rules.base import Crossing
from stock_producer.alerts.rules.move import MoveAgainstClose
from stock_producer.alerts.webhook import Webhook, body
from stock_producer.metrics import Metrics

ALERT = MoveAgainstClose(percent=Decimal(5), severity="critical").alert(
    quote("106"), Crossing(None, Decimal(5), "up", "IBM has risen.")
)
QUICK = Policy(0.001, 0.001, attempts=5)


def hook(post: Callable[[str, bytes], int]) -> tuple[Webhook, Callable[[str], float]]:
    registry = CollectorRegistry()
    made = Webhook(
        "https://hooks.invalid/SECRET",
        "json",
        Metrics(registry),
        structlog.stdlib.get_logger("t"),
        post,
    )
    return (
        made,
        lambda outcome: (
            registry.get_sample_value("stock_producer_webhook_alerts_total", {"outcome": outcome}) or 0.0
        ),
    )


def test_bodies() -> None:
    assert json.loads(body(ALERT, "slack")) == {"text": "[critical] IBM has risen."}
    assert decode(body(ALERT, "json"), Alert) == ALERT


@pytest.mark.parametrize(
    ("statuses", "attempts", "outcome"),
    [([200], 1, "sent"), ([503, 429, 204], 3, "sent"), ([404], 1, "failed"), ([500] * 9, 5, "failed")],
)
def test_attempts_are_bounded(
    monkeypatch: pytest.MonkeyPatch, statuses: list[int], attempts: int, outcome: str
) -> None:
    monkeypatch.setattr(webhook, "ATTEMPTS", QUICK)
    asked: list[str] = []

    def post(url: str, _content: bytes) -> int:
        asked.append(url)
        return statuses[len(asked) - 1]

    made, count = hook(post)
    made.send(ALERT)
    poll_until(lambda: count(outcome) == 1, outcome)
    assert len(asked) == attempts
    made.close()


def test_a_webhook_that_hangs_holds_up_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(webhook, "ATTEMPTS", QUICK)

    def post(_url: str, _content: bytes) -> int:
        time.sleep(0.2)
        raise TimeoutError

    made, count = hook(post)
    started = time.monotonic()
    for _ in range(webhook.QUEUE + 50):
        made.send(ALERT)
    assert time.monotonic() - started < 0.2
    assert count("dropped") >= 49
    poll_until(lambda: count("failed") == 1, "given up")
    made.close()
    assert "SECRET" not in capsys.readouterr().out
