"""The command `stock-producer`: wiring only."""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry

from stock_common import logs
from stock_common.deadline import Deadline
from stock_common.health import Health, MetricsServer
from stock_common.run import FatalError, Stop, run
from stock_common.settings import load_or_exit, public
from stock_kafka.status import StatusPublisher
from stock_producer.alerting import Alerting
from stock_producer.alphavantage import AlphaVantage
from stock_producer.budget import Budget
from stock_producer.calendars import Calendars
from stock_producer.config import ProducerSettings
from stock_producer.database import Held, Lock
from stock_producer.delivery import Delivery
from stock_producer.fetching import Fetcher, workers
from stock_producer.loop import Loop
from stock_producer.metrics import Metrics
from stock_producer.outbox import Outbox
from stock_producer.polling import Polling
from stock_producer.recording import Recorder
from stock_producer.reporting import Reporter
from stock_producer.rules import MoveAgainstClose
from stock_producer.scheduler import Pace
from stock_producer.usage import UsageFile
from stock_producer.watchlist import Watchlist

SERVICE = "producer"
STATUS_FLUSH_SECONDS = 1.0
_EXAMPLES = """\
It runs until SIGTERM or Ctrl-C and is configured by environment variables; README.md has them all.

examples:
  ALPHA_VANTAGE_API_KEY=... SYMBOLS=AAPL,MSFT,IBM stock-producer
  ALPHA_VANTAGE_API_KEY=... ALPHA_VANTAGE_PLAN=150 SYMBOLS=AAPL,TSCO.LON STATE_DIR=/var/lib/stock stock-producer
  QUOTE_SOURCE=simulated ALPHA_VANTAGE_URL=http://localhost:8091/query ALPHA_VANTAGE_API_KEY=any \\
    ALPHA_VANTAGE_PLAN=1200 MARKET_CALENDAR=24/7 SYMBOLS=AAPL,MSFT stock-producer
"""


def now() -> datetime:
    return datetime.now(UTC)


def fingerprint(url: str, api_key: str) -> str:
    """Tells keys apart in file names, without giving them away."""
    return hashlib.sha256(f"{url} {api_key}".encode()).hexdigest()[:16]


def claim(settings: ProducerSettings, mark: str) -> list[Lock]:
    """Locks on the state directory and on the key, held until the process ends. Raises FatalError when another process has one."""
    try:
        settings.state_dir.mkdir(parents=True, exist_ok=True)
        return [
            Lock(settings.state_dir / "producer.lock"),
            Lock(_shared_directory(settings.state_dir) / f"stock-producer-{os.getuid()}-{mark}.lock"),
        ]
    except Held as error:
        raise FatalError(f"Another producer runs with this STATE_DIR or this ALPHA_VANTAGE_API_KEY ({error}): stop it, or use another key.") from None
    except OSError as error:
        raise FatalError(f"A lock file cannot be made: {error}. Check STATE_DIR.") from None


def _shared_directory(otherwise: Path) -> Path:
    """Where two producers with different state directories meet."""
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:
        return otherwise


def build(
    settings: ProducerSettings, mark: str, registry: CollectorRegistry, health: Health, log: structlog.stdlib.BoundLogger
) -> tuple[Loop, StatusPublisher]:
    """The parts, joined. Opens the state files; connects to nothing yet. Raises FatalError."""
    plan, source = settings.plan, settings.quote_source
    outbox = Outbox(settings.state_dir / "outbox.sqlite", settings.outbox_bytes)
    budget = Budget(plan.limits, UsageFile(settings.state_dir / f"budget-{mark}.sqlite"), now())
    watchlist = Watchlist(settings.symbols, settings.market_calendar, outbox.asked())
    calendars = Calendars(watchlist.calendars, now, log)
    rules = [MoveAgainstClose(settings.alert_move_percent)]
    metrics = Metrics(registry, calendars.codes, [rule.name for rule in rules])
    metrics.outbox_limit.set(settings.outbox_bytes)
    count = workers(plan.limits)
    api = AlphaVantage(settings.alpha_vantage_url, settings.alpha_vantage_api_key.get_secret_value(), plan, count, now)
    fetcher = Fetcher(api.fetch, count)
    polling = Polling(calendars, watchlist, plan, Pace(settings.poll_interval_seconds, settings.min_interval_seconds), budget, fetcher)
    alerting = Alerting(rules, outbox.rule_states())
    recorder = Recorder(source, plan, calendars, watchlist, budget, alerting, outbox, metrics, random.random, log)
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


def main() -> int:
    argparse.ArgumentParser(
        prog="stock-producer",
        description="Fetches quotes from Alpha Vantage within the plan's limits and the exchanges' hours, and sends them to Kafka.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args()
    settings = load_or_exit(ProducerSettings)
    stop = Stop()
    stop.install()
    log = logs.setup(SERVICE, settings)
    log.info("starting", **public(settings))
    try:
        return serve(settings, stop, log)
    except FatalError as error:
        log.error("not started", reason=str(error))
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
