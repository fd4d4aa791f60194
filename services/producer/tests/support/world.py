"""A producer on its own clock, with a vendor and a broker in memory that outlive its restarts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

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
from stock_producer.alerts.engine import Alerting, Watch
from stock_producer.alerts.rules.move import MoveAgainstClose
from stock_producer.answers import Options, Recorder
from stock_producer.known import known
from stock_producer.loop import Loop
from stock_producer.market.calendars import Calendars
from stock_producer.metrics import Metrics, Telemetry
from stock_producer.outbox.delivery import Delivery
from stock_producer.outbox.outbox import Outbox
from stock_producer.schedule.budget import Budget
from stock_producer.schedule.feed import Feed
from stock_producer.schedule.polling import Polling
from stock_producer.schedule.published import Published
from stock_producer.schedule.types import Pace
from stock_producer.schedule.usage_db import UsageFile
from stock_producer.schedule.watchlist import Watchlist
from stock_producer.status import Parts, Reporter
from stock_producer.vendor.alphavantage.bars import bars
from stock_producer.vendor.alphavantage.endpoints import SERIES
from stock_producer.vendor.alphavantage.plans import PLANS
from stock_producer.vendor.alphavantage.quotes import observations
from stock_producer.vendor.alphavantage.settings import DESCRIPTION
from stock_producer.vendor.base import Answer, Freshness, Plan, Request
from stock_producer.vendor.kinds import Refusal
from support.bodies import daily, global_quote

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


def die_once(target: object, name: str, *, after: bool) -> None:
    """The first call of a method is the last thing the process does, or the first it does not do."""
    real = getattr(target, name)

    def dying(*arguments: Any, **named: Any) -> Any:
        if after:
            real(*arguments, **named)
        raise Death

    setattr(target, name, dying)


class Vendor:
    """Answers by symbol: bytes of a body, or a Refusal. `asked` outlives the producer."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.bodies: dict[str, bytes | Refusal] = {}
        self.freshness = Freshness.REALTIME

    def __call__(self, request: Request, now: datetime) -> Answer:
        self.asked += request.symbols
        usual = daily if request.endpoint in SERIES else global_quote
        body = self.bodies.get(request.symbols[0], usual(request.symbols[0]))
        unread: list[str] = []
        try:
            if isinstance(body, Refusal):
                raise body
            if request.endpoint in SERIES:
                found = bars(request, body, unread.append)
                return Answer(request, now, 0.1, [], None, found, tuple(unread))
            seen = observations(request, body, self.freshness, unread.append)
            return Answer(request, now, 0.1, seen, None, unread=tuple(unread))
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
    """confluent_kafka.Producer's verbs over a Broker.

    `report` False: the broker has the message, the report never comes.
    """

    def __init__(self, broker: Broker, config: dict[str, Any]) -> None:
        self.broker = broker
        self.config = config
        self.waiting: list[tuple[str, str, bytes, Callable[..., None]]] = []

    def produce(
        self,
        topic: str,
        value: bytes,
        key: str,
        *,
        headers: list[tuple[str, str]],
        on_delivery: Callable[..., None],
    ) -> None:
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
    """What outlives the process (vendor, broker, disk, clock), and the process that each `start` makes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = Clock()
        self.vendor = Vendor()
        self.broker = Broker()
        self.plan: Plan = PLANS["1200"]._replace(batch=None)
        self.symbols: tuple[str, ...] = ("AAPL", "IBM")
        self.outbox_bytes = 50_000_000
        self.hours = "24/7"
        self.make_calendars: type[Calendars] = Calendars
        self.source, self.description = "simulated", DESCRIPTION
        self.stop_on_wrong_symbols = False
        self.published: list[Status] = []
        self.watches = [Watch(MoveAgainstClose(percent=Decimal(5)))]

    def start(self) -> World:
        log = structlog.stdlib.get_logger("stock.test")
        self.outbox = Outbox(self.path / "outbox.sqlite", self.outbox_bytes)
        self.usage = UsageFile(self.path / "budget.sqlite")
        self.budget = Budget(self.plan, self.usage, self.clock())
        end_of_day = self.plan.freshness is Freshness.END_OF_DAY
        self.watchlist = Watchlist(self.symbols, self.hours, known(self.outbox), end_of_day)
        self.calendars = calendars = self.make_calendars(self.watchlist.calendars, self.clock, log)
        self.published_at = Published(self.outbox.marks)
        feed = Feed(
            self.source,
            self.description,
            self.plan,
            calendars,
            self.watchlist,
            self.budget,
            self.published_at,
        )
        self.registry, self.health = CollectorRegistry(), Health(["kafka"])
        rules = [watch.rule.name for watch in self.watches]
        self.metrics = Metrics(self.registry, self.description.endpoints, calendars.codes, rules)
        telemetry = Telemetry(self.metrics, self.health, log)
        self.vendor.freshness = self.plan.freshness
        fetcher: Any = Inline(lambda request: self.vendor(request, self.clock()))
        self.polling = Polling(feed, Pace(5.0), fetcher)
        alerting = Alerting(self.watches, self.outbox.rule_states())
        options = Options(jitter=lambda: 0.0, stop_on_wrong_symbols=self.stop_on_wrong_symbols)
        self.recorder = Recorder(feed, alerting, self.outbox, telemetry, options)
        client: Any = lambda config: Client(self.broker, config)  # noqa: E731
        self.delivery = Delivery(load(KafkaSettings), self.outbox, telemetry, self.clock, client)
        parts = Parts(self.polling, fetcher, self.recorder, self.outbox, self.delivery)
        self.loop = Loop(parts, Reporter(feed, parts, self, telemetry), self.clock)
        return self

    def publish(self, state: Status) -> None:
        self.published.append(state)

    def steps(self, count: int, seconds: float = 0.5) -> None:
        for _ in range(count):
            self.loop.step()
            self.clock.advance(seconds)

    def die(self) -> None:
        """As the system does when a process is gone: files are closed, open transactions leave nothing."""
        self.outbox.close()
        self.usage.close()
