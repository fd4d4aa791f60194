"""Wiring of the command `backfill`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

import structlog
from prometheus_client import CollectorRegistry

from stock_common.health import Health
from stock_common.run import FatalError, Stop
from stock_producer.alphavantage import AlphaVantage
from stock_producer.backfill import MARK, Backfill, Progress, Result, line
from stock_producer.budget import Budget
from stock_producer.calendars import Calendars
from stock_producer.config import ProducerSettings
from stock_producer.delivery import Delivery
from stock_producer.end_of_day import last_day
from stock_producer.exchanges import calendar
from stock_producer.history import explained, parts, refused, unfinished
from stock_producer.metrics import Metrics
from stock_producer.outbox import Outbox
from stock_producer.sessions import Window
from stock_producer.usage import UsageFile

WAITING = 3
"""Exit code: complete as far as today's calls reach."""


def backfill(
    settings: ProducerSettings,
    options: argparse.Namespace,
    usage: UsageFile,
    clock: Callable[[], datetime],
    stop: Stop,
    log: structlog.stdlib.BoundLogger,
) -> int:
    """Returns the exit code. Raises FatalError."""
    plan, interval = settings.plan, options.interval
    if problem := refused(interval, plan):
        raise FatalError(problem)
    outbox = Outbox(settings.state_dir / "outbox.sqlite", settings.outbox_bytes)
    hours = Calendars({calendar(symbol, settings.market_calendar) for symbol in settings.watched}, clock, log).windows()
    first, last = _days(options, closed(hours, clock()), unfinished(outbox.marks(MARK), settings.watched, interval, options.first))
    wanted = parts(settings.watched, interval, first, last, plan)
    print(f"{len(wanted)} calls, {first} to {last}, {interval}: {explained(interval, plan)}.", file=sys.stderr)
    delivery = Delivery(settings, outbox, Metrics(CollectorRegistry(), [], []), Health(["kafka"]), clock, log)
    api = AlphaVantage(settings.alpha_vantage_url, settings.alpha_vantage_api_key.get_secret_value(), plan, 1, clock)
    budget = Budget(plan.limits, usage, clock())
    filler = Backfill(settings.quote_source, budget, outbox, delivery, api.fetch, clock, stop.wait, _show, settings.min_interval_seconds)
    result = filler.run(wanted, wait=options.wait)
    delivered = filler.deliver()
    return _tell(result, delivered, outbox.rows)


def closed(hours: Mapping[str, Sequence[Window]], now: datetime) -> date:
    """The last trading day that has closed on each of the exchanges: a bar of a day under way would stand as if it were whole."""
    return min(day for windows in hours.values() if (day := last_day(windows, now)))


def _days(options: argparse.Namespace, whole: date, begun: date | None) -> tuple[date, date]:
    """The first and the last day. `whole`: the last that has closed; `begun`: the last of a backfill that is to go on. Raises FatalError."""
    last = min(options.last or begun or whole, whole)
    if options.last and options.last > last:
        print(f"{last} is the last day that has closed.", file=sys.stderr)
    if options.first > last:
        raise FatalError(f"--from {options.first} is after {last}, the last day that is asked for and has closed.")
    return options.first, last


def _show(progress: Progress) -> None:
    terminal = sys.stderr.isatty()
    print(f"\r\033[K{line(progress)}" if terminal else line(progress), end="" if terminal else "\n", file=sys.stderr, flush=True)


def _tell(result: Result, delivered: bool, rows: int) -> int:
    """The outcome in words; the exit code."""
    for symbol, reason in result.failed.items():
        print(f"{symbol} was not fetched: {reason}", file=sys.stderr)
    if not delivered:
        print(f"{rows} bars wait in the outbox for Kafka: they are sent at the next start of stock-producer, or of this command.", file=sys.stderr)
    if result.waiting:
        print(
            f"{result.waiting} calls remain: run the same command again (after midnight in New York if the day's calls are used up).", file=sys.stderr
        )
    if result.failed or not delivered:
        return 1
    return WAITING if result.waiting else 0
