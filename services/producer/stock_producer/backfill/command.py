"""The command `backfill`: its days, its parts, and its outcome in words."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

import structlog
from prometheus_client import CollectorRegistry

from stock_common.health import Health
from stock_common.printable import printable, say
from stock_common.run import FatalError, Stop
from stock_producer.backfill.calls import parts, unfinished
from stock_producer.backfill.run import MARK, Access, Backfill, Progress, Result, line
from stock_producer.market.calendars import Calendars, calendar_of
from stock_producer.market.sessions import Window
from stock_producer.metrics import Metrics, Telemetry
from stock_producer.outbox.delivery import Delivery
from stock_producer.outbox.outbox import FILE, Outbox
from stock_producer.schedule.budget import Budget
from stock_producer.schedule.end_of_day import last_day
from stock_producer.settings import ServiceSettings
from stock_producer.vendor.base import DAILY, QuotaDay, Source

WAITING = 3
"""Exit code: complete as far as today's calls reach."""


class Account(NamedTuple):
    """The source and its budget. `clock` gives the time (aware)."""

    source: Source
    budget: Budget
    clock: Callable[[], datetime]


def backfill(
    settings: ServiceSettings,
    options: argparse.Namespace,
    account: Account,
    stop: Stop,
    log: structlog.stdlib.BoundLogger,
) -> int:
    """Returns the exit code. Raises FatalError."""
    clock, symbols, interval = account.clock, settings.watched, options.interval
    outbox = Outbox(settings.state_dir / FILE, settings.outbox_bytes)
    codes = {calendar_of(symbol, settings.market_calendar) for symbol in symbols}
    whole = closed(Calendars(codes, clock, log).windows(), clock(), settings.plan.quota_day)
    begun = unfinished(outbox.marks(MARK), symbols, interval, options.first)
    first, last = _days(options, whole if interval == DAILY else max(whole, clock().date()), begun)
    history = account.source.history(interval, first, last)
    wanted = parts(history, symbols, interval, whole)
    _say(f"{len(wanted)} calls, {first} to {last}, {interval}: {history.note}.")
    telemetry = Telemetry(Metrics(CollectorRegistry()), Health(["kafka"]), log)
    delivery = Delivery(settings, outbox, telemetry, clock)
    access = Access(
        settings.quote_source,
        settings.description,
        account.source.fetch,
        account.budget,
        settings.min_interval_seconds,
    )
    filler = Backfill(access, outbox, delivery, clock, stop.wait, _show)
    result = filler.run(wanted, wait=options.wait)
    delivered = filler.deliver()
    return _report(result, delivered, outbox.rows, settings.plan.quota_day.end(clock()))


def closed(hours: Mapping[str, Sequence[Window]], now: datetime, quota_day: QuotaDay) -> date:
    """The last trading day that has closed on each of the exchanges.

    A bar of a day under way would pass for a whole one.
    """
    return min(day for windows in hours.values() if (day := last_day(windows, now, quota_day)))


def _days(options: argparse.Namespace, whole: date, begun: date | None) -> tuple[date, date]:
    """The first and the last day. Raises FatalError.

    whole: the last day that has bars which are whole. begun: the last day of a backfill that is to go on.
    """
    last = min(options.last or begun or whole, whole)
    if options.last and options.last > last:
        _say(f"{last} is the last day that has whole bars.")
    if options.first > last:
        raise FatalError(
            f"--from {options.first} is after {last}, the last day that is asked for and has closed."
        )
    return options.first, last


def _show(progress: Progress) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{printable(line(progress))}")
        sys.stderr.flush()
    else:
        _say(line(progress))


def _report(result: Result, delivered: bool, rows: int, day_ends: datetime) -> int:
    """Prints the outcome. Returns the exit code."""
    _say_what_is_missing(result)
    if not delivered:
        _say(
            f"{rows} bars wait in the outbox for Kafka: "
            "they are sent at the next start of stock-producer, or of this command."
        )
    if result.waiting:
        _say(
            f"{result.waiting} calls remain: run the same command again "
            f"(after {day_ends:%H:%M} UTC if the day's calls are used up)."
        )
    if result.failed or result.empty or not delivered:
        return 1
    return WAITING if result.waiting else 0


def _say_what_is_missing(result: Result) -> None:
    for symbol, reason in result.failed.items():
        _say(f"{symbol} was not fetched: {reason}")
    for symbol, texts in result.left_out.items():
        _say(f"{symbol}: {len(texts)} rows, fields or bars are left out, the first is {texts[0]}")
    for part in result.empty:
        _say(
            f"{part.symbol} has no bar from {part.first} to {part.last}: the vendor knows none of these days."
        )
    for name in result.changed:
        symbol, interval, first, last = name.split(" ")[:4]
        _say(
            f"{symbol} has split since: run --symbols {symbol} --from {first} --to {last} "
            f"--interval {interval} again for its split-adjusted bars."
        )


def _say(text: str) -> None:
    say(text, sys.stderr)
