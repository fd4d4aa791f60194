"""The live reader's way of taking messages, without a broker."""

from __future__ import annotations

from datetime import timedelta

import pytest
from conftest import NOW, quote
from prometheus_client import CollectorRegistry

from stock_common.records import encode
from stock_common.topics import QUOTES
from stock_dashboard.live import LiveReader
from stock_dashboard.metrics import LiveMetrics
from stock_dashboard.store import Link
from stock_kafka.config import KafkaSettings


class Message:
    """A quote as the consumer gives it."""

    def __init__(self, item) -> None:
        self._item = item

    def error(self) -> None:
        return None

    def topic(self) -> str:
        return QUOTES.name

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return 0

    def value(self) -> bytes:
        return encode(self._item)

    def timestamp(self) -> tuple[int, int]:
        return 1, int(self._item.fetched_at.timestamp() * 1_000)


@pytest.mark.parametrize(
    ("caught_up", "age", "counted"),
    [
        pytest.param(True, 2, 1, id="live"),
        pytest.param(False, 1_800, 0, id="the start's backlog"),
        pytest.param(True, 7_200, 0, id="history"),
    ],
)
def test_what_was_read_from_the_past_is_no_lag(desk, caught_up, age, counted):
    registry = CollectorRegistry()
    reader = LiveReader(KafkaSettings(), desk.store, LiveMetrics(registry), hours=1, messages=10, clock=lambda: NOW)
    desk.store.connection(Link("up", NOW, caught_up))
    assert reader._take(Message(quote(at=NOW - timedelta(seconds=age))), NOW) == 1
    assert desk.store.newest()
    assert registry.get_sample_value("stock_dashboard_live_lag_seconds_count") == counted
