"""The command `stock-producer`: wiring only."""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from datetime import UTC, datetime

import structlog
from prometheus_client import CollectorRegistry

from stock_common import logs
from stock_common.deadline import Deadline
from stock_common.health import Health, MetricsServer
from stock_common.run import FatalError, Stop, run
from stock_common.settings import load_or_exit, public
from stock_kafka.status import StatusPublisher
from stock_producer import cli, outlook
from stock_producer.alerting import Alerting
from stock_producer.alphavantage import AlphaVantage
from stock_producer.budget import Budget
from stock_producer.calendars import Calendars
from stock_producer.config import ProducerSettings
from stock_producer.database import Lock
from stock_producer.delivery import Delivery
from stock_producer.fetching import Fetcher, workers
from stock_producer.filling import backfill
from stock_producer.locks import claim, fingerprint
from stock_producer.loop import Loop
from stock_producer.metrics import Metrics
from stock_producer.outbox import Outbox
from stock_producer.polling import Polling
from stock_producer.recording import Recorder
from stock_producer.reporting import Reporter
from stock_producer.search import search, table
from stock_producer.symbols import SymbolsFile
from stock_producer.turns import Pace
from stock_producer.usage import UsageFile
from stock_producer.vendor import VendorSettings
from stock_producer.watchlist import Watchlist
from stock_producer.webhook import Webhook

SERVICE = "producer"
STATUS_FLUSH_SECONDS = 1.0


def now() -> datetime:
    return datetime.now(UTC)


def build(
    settings: ProducerSettings, mark: str, registry: CollectorRegistry, health: Health, log: structlog.stdlib.BoundLogger
) -> tuple[Loop, StatusPublisher]:
    """The parts, joined. Opens the state files; connects to nothing yet. Raises FatalError."""
    plan, source = settings.plan, settings.quote_source
    outbox = Outbox(settings.state_dir / "outbox.sqlite", settings.outbox_bytes)
    budget = Budget(plan.limits, UsageFile(settings.state_dir / f"budget-{mark}.sqlite"), now())
    watchlist = Watchlist(settings.watched, settings.market_calendar, outbox.asked())
    calendars = Calendars(watchlist.calendars, now, log)
    watches = settings.watches
    metrics = Metrics(registry, calendars.codes, [watch.rule.name for watch in watches])
    metrics.outbox_limit.set(settings.outbox_bytes)
    count = workers(plan.limits)
    api = AlphaVantage(settings.alpha_vantage_url, settings.alpha_vantage_api_key.get_secret_value(), plan, count, now)
    fetcher = Fetcher(api.fetch, count)
    polling = Polling(calendars, watchlist, plan, Pace(settings.poll_interval_seconds, settings.min_interval_seconds), budget, fetcher)
    alerting = Alerting(watches, outbox.rule_states())
    hook = settings.alert_webhook_url
    extra = [Webhook(hook.get_secret_value().strip(), settings.alert_webhook_format, metrics, log).send] if hook else []
    recorder = Recorder(
        source,
        plan,
        calendars,
        watchlist,
        budget,
        alerting,
        outbox,
        metrics,
        random.random,
        log,
        *extra,
        stop_on_wrong_symbols=settings.wrong_symbols == "stop",
    )
    if settings.symbols_file:
        polling.follow(SymbolsFile(settings.symbols_file, settings.symbols, now()), outbox.asked, log)
    delivery = Delivery(settings, outbox, metrics, health, now, log)
    publisher = StatusPublisher(settings, SERVICE)
    reporter = Reporter(source, plan, calendars, watchlist, budget, polling, recorder, outbox, delivery, publisher, metrics, log)
    return Loop(polling, fetcher, recorder, outbox, delivery, reporter, now), publisher


def serve(settings: ProducerSettings, stop: Stop, log: structlog.stdlib.BoundLogger) -> int:
    """Runs until `stop`. Returns the exit code; raises FatalError when it cannot start."""
    mark = fingerprint(settings.alpha_vantage_url, settings.alpha_vantage_api_key.get_secret_value())
    locks = claim(settings, mark)
    registry, health = CollectorRegistry(), Health(["kafka"])
    loop, publisher = build(settings, mark, registry, health, log)
    try:
        server = MetricsServer(settings.metrics_host, settings.metrics_port, registry, health)
    except OSError as error:
        raise FatalError(f"METRICS_PORT {settings.metrics_port} on {settings.metrics_host} cannot be used: {error}.") from None
    server.start()

    def close(deadline: Deadline) -> None:
        try:
            loop.close(deadline)
        finally:
            publisher.close(min(STATUS_FLUSH_SECONDS, deadline.remaining()))

    try:
        return run(loop.step, close, health, stop, log)
    finally:
        server.close()
        for lock in locks:
            lock.release()


def tell_plan(*, as_json: bool) -> int:
    """What the settings lead to. The key is not used and may be missing."""
    os.environ.setdefault("ALPHA_VANTAGE_API_KEY", "unused")
    settings = load_or_exit(ProducerSettings)
    pace = Pace(settings.poll_interval_seconds, settings.min_interval_seconds)
    found = outlook.outlook(settings.plan, settings.watched, settings.market_calendar, pace)
    print(json.dumps(found._asdict(), indent=2) if as_json else outlook.text(found))
    return 0


def fill(settings: ProducerSettings, options: argparse.Namespace, stop: Stop, log: structlog.stdlib.BoundLogger) -> int:
    """History, under the same locks as the service. Returns the exit code."""
    mark = fingerprint(settings.alpha_vantage_url, settings.alpha_vantage_api_key.get_secret_value())
    locks: list[Lock] = []
    try:
        locks = claim(settings, mark)
        return backfill(settings, options, UsageFile(settings.state_dir / f"budget-{mark}.sqlite"), now, stop, log)
    except FatalError as error:
        log.error("backfill stopped", reason=str(error))
        return 1
    finally:
        for lock in locks:
            lock.release()


def find(text: str) -> int:
    """The vendor's symbols for a text, under the same locks as the service."""
    settings = load_or_exit(VendorSettings)
    key = settings.alpha_vantage_api_key.get_secret_value()
    mark = fingerprint(settings.alpha_vantage_url, key)
    locks: list[Lock] = []
    try:
        locks = claim(settings, mark)
        budget = Budget(settings.plan.limits, UsageFile(settings.state_dir / f"budget-{mark}.sqlite"), now())
        print(table(search(text, AlphaVantage(settings.alpha_vantage_url, key, settings.plan, 1, now).search, budget, now)))
        return 0
    except FatalError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        for lock in locks:
            lock.release()


def main() -> int:
    options = cli.parse()
    if options.command == "plan":
        return tell_plan(as_json=options.json)
    if options.command == "symbols":
        return find(options.text)
    settings = load_or_exit(ProducerSettings)
    stop = Stop()
    stop.install()
    log = logs.setup(SERVICE, settings)
    if options.command == "backfill":
        return fill(settings, options, stop, log)
    log.info("starting", **public(settings))
    try:
        return serve(settings, stop, log)
    except FatalError as error:
        log.error("not started", reason=str(error))
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
