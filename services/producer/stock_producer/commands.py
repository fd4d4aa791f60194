"""The commands besides the service: plan, symbols search, and backfill."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

import structlog

from stock_common import exchanges, logs, table
from stock_common.printable import say
from stock_common.run import FatalError, Stop
from stock_common.settings import EXIT_CONFIGURATION, load_or_exit
from stock_producer import app
from stock_producer.backfill.command import Account, backfill
from stock_producer.config import settings_class
from stock_producer.doctor.command import examine, is_well, shown
from stock_producer.doctor.findings import Setup
from stock_producer.doubts import doubts
from stock_producer.market.calendars import Calendars, calendar_of
from stock_producer.outbox.locks import claimed, fingerprint
from stock_producer.outbox.outbox import FILE, Outbox, marks_of
from stock_producer.schedule.budget import Budget
from stock_producer.schedule.due import upcoming
from stock_producer.schedule.preview import preview, text
from stock_producer.schedule.published import Published
from stock_producer.schedule.types import Pace
from stock_producer.vendor import registry
from stock_producer.vendor.base import Description, Match, NotInPlan
from stock_producer.vendor.kinds import Refusal


def show_plan(source: str, *, as_json: bool) -> int:
    """Prints what the settings lead to. The key is not used and may be missing."""
    kind = settings_class(source)
    if kind.key_variable:
        os.environ.setdefault(kind.key_variable, "unused")
    settings = load_or_exit(kind)
    pace = Pace(settings.poll_interval_seconds, settings.min_interval_seconds)
    found = preview(settings.plan, settings.watched, settings.market_calendar, pace, settings.plans)
    questions = doubts(settings.plan, settings.watched, settings.market_calendar, settings.watches)
    hours = Calendars(set(found.calendars), app.now, structlog.stdlib.get_logger("stock.plan")).windows()
    published = Published(partial(marks_of, settings.state_dir / FILE))
    dues = upcoming(
        app.now(), found.calendars, hours, settings.plan, found.interval_seconds, published.after_close
    )
    times = {code: f"{due:%a %d %b %H:%M} UTC" for code, due in dues.items()}
    found = found._replace(doubts=tuple(questions), next_data=times)
    say(json.dumps(found._asdict(), indent=2) if as_json else text(found))
    return 0


def search_symbols(source: str, wanted: str) -> int:
    """Prints the source's symbols for a text, under the same locks as the service. Raises FatalError."""
    settings = load_or_exit(registry.entry(source).settings)
    with claimed(settings.state_dir, fingerprint(settings.account), settings.key_variable):
        found = search(
            lambda: app.open_source(settings, 1).search(wanted),
            app.open_budget(settings),
            settings.description,
            app.now,
        )
    say(table.text(found, left=len(Match._fields)) if found else "Nothing matches.")
    for line in other_currencies(found):
        say(line, sys.stderr)
    return 0


def other_currencies(found: Sequence[Match]) -> list[str]:
    """A sentence for each match that does not trade in the currency that its records would name."""
    return [
        f"{match.symbol} trades in {match.currency}, and its records would say {named}, as its exchange does."
        for match in found
        if (named := exchanges.of(match.symbol).currency) and match.currency not in ("", named)
    ]


def examine_setup(source: str, *, as_json: bool) -> int:
    """Prints what the key, the clock and the settings will lead to, under the same locks as the service.

    Returns the exit code. Raises FatalError.
    """
    settings = load_or_exit(settings_class(source))
    symbols = settings.watched
    codes = {calendar_of(symbol, settings.market_calendar) for symbol in symbols}
    log = structlog.stdlib.get_logger("stock.doctor")
    hours = Calendars(codes, app.now, log).windows()
    published = Published(partial(marks_of, settings.state_dir / FILE)).after_close
    setup = Setup(settings.plan, symbols, settings.market_calendar, hours, settings.description, published)
    with claimed(settings.state_dir, fingerprint(settings.account), settings.key_variable):
        source_of_quotes = app.open_source(settings, 1)
        budget = app.open_budget(settings)
        found = examine(setup, settings.watches, source_of_quotes.fetch, budget, app.now, time.sleep)
        source_of_quotes.close()
    say(shown(found, as_json=as_json))
    return 0 if is_well(found) else 1


def decide_outbox(source: str, action: str, numbers: Sequence[int]) -> int:
    """Shows, sends or deletes the messages that were set aside. Raises FatalError while the service runs."""
    settings = load_or_exit(settings_class(source))
    with claimed(settings.state_dir, fingerprint(settings.account), settings.key_variable):
        outbox = Outbox(settings.state_dir / FILE, settings.outbox_bytes)
        try:
            if action != "list":
                done = outbox.decide(numbers, send=action == "retry")
                what = "go out again" if action == "retry" else "are deleted"
                say(f"{done} of {len(numbers)} messages {what}.")
                return 0 if done == len(numbers) else 1
            rows = [
                (
                    str(row.seq),
                    row.topic,
                    row.key,
                    f"{len(row.value):,}",
                    f"{row.added_at:%Y-%m-%d %H:%M}",
                    reason,
                )
                for row, reason in outbox.aside()
            ]
        finally:
            outbox.close()
    heading = ("number", "topic", "key", "bytes", "added", "reason")
    say(table.text([heading, *rows], left=len(heading)) if rows else "Nothing was set aside.")
    return 0


def search(
    ask: Callable[[], Sequence[Match]],
    budget: Budget,
    description: Description,
    clock: Callable[[], datetime],
) -> Sequence[Match]:
    """One call, counted in the budget. Raises FatalError when it may not be made, or brought nothing."""
    now = clock()
    earliest = budget.allowance(now).earliest
    if earliest > now:
        raise FatalError(f"The budget has no call now: try again after {earliest:%Y-%m-%d %H:%M:%S} UTC.")
    budget.take(now)
    try:
        return ask()
    except Refusal as refusal:
        budget.correct(refusal, clock())
        raise FatalError(description.explain(refusal, "The search brought nothing.")) from None


def fill(source: str, options: argparse.Namespace) -> int:
    """History, under the same locks as the service. Returns the exit code."""
    settings = load_or_exit(settings_class(source))
    stop = Stop()
    stop.install()
    log = logs.setup(app.SERVICE, settings)
    try:
        with claimed(settings.state_dir, fingerprint(settings.account), settings.key_variable):
            account = Account(app.open_source(settings, 1), app.open_budget(settings), app.now)
            return backfill(settings, options, account, stop, log)
    except NotInPlan as error:
        say(str(error), sys.stderr)
        return EXIT_CONFIGURATION
    except FatalError as error:
        say(f"The backfill stopped: {error}", sys.stderr)
        return 1
