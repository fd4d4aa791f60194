"""A producer on a clock of its own, with a vendor and a broker in memory that outlive its restarts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import structlog
from confluent_kafka import KafkaError
from prometheus_client import CollectorRegistry

from stock_common.deadline import Deadline
from stock_common.health import Health
from stock_common.records import Quote, decode
from stock_common.settings import load
from stock_common.status import Status
from stock_common.topics import QUOTES
from stock_kafka.config import KafkaSettings
from stock_producer.alerting import Alerting, Watch
from stock_producer.alphavantage import Answer
from stock_producer.budget import Budget
from stock_producer.calendars import Calendars
from stock_producer.delivery import Delivery
from stock_producer.loop import Loop
from stock_producer.metrics import Metrics
from stock_producer.outbox import Outbox
from stock_producer.plans import PLANS, Plan
from stock_producer.polling import Polling
from stock_producer.recording import Recorder
from stock_producer.refusals import Refusal
from stock_producer.reporting import Reporter
from stock_producer.responses import Request, observations
from stock_producer.rules import MoveAgainstClose
from stock_producer.series import SERIES, bars
from stock_producer.turns import Pace
from stock_producer.usage import UsageFile
from stock_producer.watchlist import Watchlist


def pytest_configure(config: pytest.Config) -> None:
    # Ours is the lock that keeps pandas 4 away from a calendar library that is not ready for it.
    config.addinivalue_line("filterwarnings", "ignore:Series.values returning an ndarray:DeprecationWarning")


START = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


class Death(BaseException):
    """The process is gone: nothing of it runs any more."""


class Clock:
    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def global_quote(symbol: str, price: str = "101.5000", day: str = "2026-11-23", top: str = "Global Quote", **fields: str) -> bytes:
    quote = {
        "01. symbol": symbol,
        "02. open": "100.2500",
        "03. high": "102.0000",
        "04. low": "99.7500",
        "05. price": price,
        "06. volume": "1834201",
        "07. latest trading day": day,
        "08. previous close": "100.0000",
        "09. change": "1.5000",
        "10. change percent": "1.5000%",
    }
    return json.dumps({top: quote | fields}).encode()


def daily(symbol: str, last: str = "2026-11-20", count: int = 3, **changed: str) -> bytes:
    """TIME_SERIES_DAILY: `count` weekdays up to `last`; `changed`: closes by day, as d20261120."""
    day, rows = date.fromisoformat(last), {}
    while len(rows) < count:
        if day.weekday() < 5:
            close = changed.get(f"d{day:%Y%m%d}", f"{100 + day.toordinal() % 7}.0000")
            rows[day.isoformat()] = {"1. open": "100.0000", "2. high": "120.0000", "3. low": "90.0000", "4. close": close, "5. volume": "1000"}
        day -= timedelta(days=1)
    return json.dumps({"Meta Data": {"2. Symbol": symbol, "5. Time Zone": "US/Eastern"}, "Time Series (Daily)": rows}).encode()


class Vendor:
    """Answers by symbol: bytes of a body, or a Refusal. `asked` outlives the producer."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.bodies: dict[str, bytes | Refusal] = {}

    def __call__(self, request: Request, now: datetime) -> Answer:
        self.asked += request.symbols
        usual = daily if request.endpoint in SERIES else global_quote
        body = self.bodies.get(request.symbols[0], usual(request.symbols[0]))
        try:
            if isinstance(body, Refusal):
                raise body
            if request.endpoint in SERIES:
                return Answer(request, now, 0.1, [], None, bars(request, body))
            return Answer(request, now, 0.1, observations(request, body), None)
        except Refusal as refusal:
            return Answer(request, now, 0.1, [], refusal)


class Inline:
    """The fetcher without threads: an answer is there at the next look."""

    free = True

    def __init__(self, fetch: Callable[[Request], Answer]) -> None:
        self._fetch = fetch
        self._answers: list[Answer] = []

    def send(self, request: Request) -> None:
        self._answers.append(self._fetch(request))

    def answers(self, _seconds: float) -> list[Answer]:
        found, self._answers = self._answers, []
        return found

    def close(self, _deadline: Deadline) -> list[Answer]:
        return self.answers(0)


class Broker:
    """`log`: what is in the topics, in the order of arrival. `up` False: messages wait in the client."""

    def __init__(self) -> None:
        self.log: list[tuple[str, str, bytes]] = []
        self.up = True
        self.fault: Any = None

    def quotes(self) -> list[Quote]:
        return [decode(value, Quote) for topic, _, value in self.log if topic == QUOTES.name]


class Client:
    """confluent_kafka.Producer's verbs over a Broker. `report` False: the broker has the message, the report never comes."""

    def __init__(self, broker: Broker, config: dict[str, Any]) -> None:
        self.broker = broker
        self.config = config
        self.waiting: list[tuple[str, str, bytes, Callable[..., None]]] = []

    def produce(self, topic: str, value: bytes, key: str, *, headers: list[tuple[str, str]], on_delivery: Callable[..., None]) -> None:
        assert dict(headers)["schema"].startswith("stock-")
        self.waiting.append((topic, key, value, on_delivery))

    def poll(self, _seconds: float = 0) -> int:
        if not self.broker.up:
            return 0
        sent, self.waiting = self.waiting, []
        for topic, key, value, on_delivery in sent:
            if self.broker.fault is None:
                self.broker.log.append((topic, key, value))
            on_delivery(self.broker.fault, None)
        return len(sent)

    def purge(self, *, in_queue: bool, in_flight: bool) -> None:
        assert in_queue and not in_flight
        sent, self.waiting = self.waiting, []
        for _, _, _, on_delivery in sent:
            on_delivery(KafkaError(KafkaError._PURGE_QUEUE), None)


class World:
    """What outlives the process (vendor, broker, disk, clock), and the process that `start` makes anew."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = Clock()
        self.vendor = Vendor()
        self.broker = Broker()
        self.plan: Plan = PLANS["1200"]._replace(bulk=False)
        self.symbols: tuple[str, ...] = ("AAPL", "IBM")
        self.outbox_bytes = 50_000_000
        self.hours = "24/7"
        self.published: list[Status] = []
        self.watches = [Watch(MoveAgainstClose(Decimal(5)))]

    def start(self) -> World:
        log = structlog.stdlib.get_logger("stock.test")
        self.outbox = Outbox(self.path / "outbox.sqlite", self.outbox_bytes)
        self.usage = UsageFile(self.path / "budget.sqlite")
        self.budget = Budget(self.plan.limits, self.usage, self.clock())
        self.watchlist = Watchlist(self.symbols, self.hours, self.outbox.asked())
        calendars = Calendars(self.watchlist.calendars, self.clock, log)
        self.registry = CollectorRegistry()
        self.metrics = Metrics(self.registry, calendars.codes, [watch.rule.name for watch in self.watches])
        fetcher: Any = Inline(lambda request: self.vendor(request, self.clock()))
        self.polling = Polling(calendars, self.watchlist, self.plan, Pace(5.0), self.budget, fetcher)
        alerting = Alerting(self.watches, self.outbox.rule_states())
        self.recorder = Recorder(
            "simulated", self.plan, calendars, self.watchlist, self.budget, alerting, self.outbox, self.metrics, lambda: 0.0, log
        )
        client: Any = lambda config: Client(self.broker, config)  # noqa: E731
        self.health = Health(["kafka"])
        self.delivery = Delivery(load(KafkaSettings), self.outbox, self.metrics, self.health, self.clock, log, client)
        reporter = Reporter(
            "simulated",
            self.plan,
            calendars,
            self.watchlist,
            self.budget,
            self.polling,
            self.recorder,
            self.outbox,
            self.delivery,
            self,
            self.metrics,
            log,
        )
        self.loop = Loop(self.polling, fetcher, self.recorder, self.outbox, self.delivery, reporter, self.clock)
        return self

    def publish(self, state: Status) -> None:
        self.published.append(state)

    def steps(self, count: int, seconds: float = 0.5) -> None:
        for _ in range(count):
            self.loop.step()
            self.clock.advance(seconds)

    def die(self) -> None:
        """What the system does when a process is gone: files are closed, transactions that were open never were."""
        self.outbox.close()
        self.usage.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    if hasattr(made, "outbox"):
        made.die()
