"""The wiring: the parts of the service and of its commands, joined."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from stock_common.deadline import Deadline
from stock_common.service import Context
from stock_kafka import connection
from stock_kafka.status import StatusPublisher
from stock_producer.alerts.engine import Alerting
from stock_producer.alerts.webhook import Webhook
from stock_producer.answers import Options, Recorder
from stock_producer.doubts import doubts
from stock_producer.known import known
from stock_producer.loop import Loop
from stock_producer.market.calendars import Calendars
from stock_producer.metrics import Metrics, Telemetry
from stock_producer.outbox.delivery import Delivery
from stock_producer.outbox.locks import claimed, fingerprint
from stock_producer.outbox.outbox import FILE, Outbox
from stock_producer.schedule.budget import Budget
from stock_producer.schedule.feed import Feed
from stock_producer.schedule.polling import Polling
from stock_producer.schedule.published import Published
from stock_producer.schedule.symbols_file import SymbolsFile
from stock_producer.schedule.types import Pace
from stock_producer.schedule.usage_db import UsageFile
from stock_producer.schedule.watchlist import Watchlist
from stock_producer.schedule.workers import Fetcher, workers
from stock_producer.settings import ServiceSettings
from stock_producer.status import Parts, Publisher, Reporter
from stock_producer.vendor import registry
from stock_producer.vendor.base import Freshness, Source
from stock_producer.vendor.settings import SourceSettings

SERVICE = "producer"
STATUS_FLUSH_SECONDS = 1.0


def now() -> datetime:
    return datetime.now(UTC)


def work(context: Context[ServiceSettings]) -> int:
    """Runs until the stop, with locks on the state and the account.

    Returns the exit code. Raises FatalError.
    """
    settings = context.settings
    with claimed(settings.state_dir, fingerprint(settings.account), settings.key_variable):
        publisher = StatusPublisher(settings, SERVICE)
        loop = build(context, open_source(settings, workers(settings.plan.limits)), publisher)

        def close(deadline: Deadline) -> None:
            try:
                loop.close(deadline)
            finally:
                publisher.close(min(STATUS_FLUSH_SECONDS, deadline.remaining()))

        with connection.watched(settings, SERVICE, context.health, context.log):
            return context.run(loop.step, close)


def open_source(settings: SourceSettings, connections: int) -> Source:
    """The source that QUOTE_SOURCE names. `connections`: calls that may be under way at once."""
    return registry.entry(settings.quote_source).open(settings, connections, now)


def open_budget(settings: SourceSettings) -> Budget:
    """The account's budget, from its file in the state directory."""
    path = settings.state_dir / f"budget-{fingerprint(settings.account)}.sqlite"
    return Budget(settings.plan, UsageFile(path), now())


def build(context: Context[ServiceSettings], source: Source, publisher: Publisher) -> Loop:
    """The parts, joined. Opens the state files. Connects to nothing yet. Raises FatalError."""
    settings = context.settings
    outbox = Outbox(settings.state_dir / FILE, settings.outbox_bytes)
    feed = _feed(context, outbox)
    watches = settings.watches
    for doubt in doubts(settings.plan, settings.watched, settings.market_calendar, watches):
        context.log.warning("check the settings", doubt=doubt)
    rules = [watch.rule.name for watch in watches]
    metrics = Metrics(context.registry, feed.description.endpoints, feed.calendars.codes, rules)
    metrics.outbox_limit.set(settings.outbox_bytes)
    telemetry = Telemetry(metrics, context.health, context.log)
    fetcher = Fetcher(source.fetch, workers(settings.plan.limits))
    alerting = Alerting(watches, outbox.rule_states())
    parts = Parts(
        _polling(context, feed, fetcher, outbox),
        fetcher,
        Recorder(feed, alerting, outbox, telemetry, _options(settings, telemetry)),
        outbox,
        Delivery(settings, outbox, telemetry, now),
    )
    return Loop(parts, Reporter(feed, parts, publisher, telemetry), now)


def _feed(context: Context[ServiceSettings], outbox: Outbox) -> Feed:
    settings = context.settings
    end_of_day = settings.plan.freshness is Freshness.END_OF_DAY
    watchlist = Watchlist(settings.watched, settings.market_calendar, known(outbox), end_of_day)
    return Feed(
        source=settings.quote_source,
        description=settings.description,
        plan=settings.plan,
        calendars=Calendars(watchlist.calendars, now, context.log),
        watchlist=watchlist,
        budget=open_budget(settings),
        published=Published(outbox.marks),
    )


def _polling(context: Context[ServiceSettings], feed: Feed, fetcher: Fetcher, outbox: Outbox) -> Polling:
    settings = context.settings
    polling = Polling(feed, Pace(settings.poll_interval_seconds, settings.min_interval_seconds), fetcher)
    if settings.symbols_file:
        file = SymbolsFile(settings.symbols_file, settings.symbols, now())
        polling.follow(file, partial(known, outbox), context.log)
    return polling


def _options(settings: ServiceSettings, telemetry: Telemetry) -> Options:
    stop = settings.wrong_symbols == "stop"
    if settings.alert_webhook_url is None:
        return Options(stop_on_wrong_symbols=stop)
    url = settings.alert_webhook_url.get_secret_value().strip()
    webhook = Webhook(url, settings.alert_webhook_format, telemetry.metrics, telemetry.log)
    return Options(forward=webhook.send, stop_on_wrong_symbols=stop)
