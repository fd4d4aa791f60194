"""Wiring of the command `backfill`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import datetime

import structlog
from prometheus_client import CollectorRegistry

from stock_common.health import Health
from stock_common.run import FatalError, Stop
from stock_producer.alphavantage import AlphaVantage
from stock_producer.backfill import Backfill, Progress, Result, line
from stock_producer.budget import VENDOR_ZONE, Budget
from stock_producer.config import ProducerSettings
from stock_producer.delivery import Delivery
from stock_producer.history import explained, parts, refused
from stock_producer.metrics import Metrics
from stock_producer.outbox import Outbox
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
    today = clock().astimezone(VENDOR_ZONE).date()
    first, last = options.first, min(options.last or today, today)
    problem = refused(interval, plan) or (None if first <= last else f"--from {first} is after --to {last}.")
    if problem:
        raise FatalError(problem)
    wanted = parts(settings.watched, interval, first, last, plan)
    print(f"{len(wanted)} calls, {first} to {last}, {interval}: {explained(interval, plan)}.", file=sys.stderr)
    outbox = Outbox(settings.state_dir / "outbox.sqlite", settings.outbox_bytes)
    delivery = Delivery(settings, outbox, Metrics(CollectorRegistry(), [], []), Health(["kafka"]), clock, log)
    api = AlphaVantage(settings.alpha_vantage_url, settings.alpha_vantage_api_key.get_secret_value(), plan, 1, clock)
    budget = Budget(plan.limits, usage, clock())
    filler = Backfill(settings.quote_source, budget, outbox, delivery, api.fetch, clock, stop.wait, _show, settings.min_interval_seconds)
    result = filler.run(wanted, wait=options.wait)
    delivered = filler.deliver()
    return _tell(result, delivered, outbox.rows)


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
