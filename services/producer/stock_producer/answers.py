"""Answers into the outbox: quotes, bars, and the alerts that they raise, in one transaction."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TypeVar

from stock_common.records import Alert, Bar, Quote
from stock_common.run import FatalError
from stock_common.topics import ALERTS, BARS, QUOTES
from stock_producer import records
from stock_producer.alerts.engine import Alerting, Verdict
from stock_producer.known import bar_mark
from stock_producer.market.sessions import phase, session
from stock_producer.metrics import ANSWERED, Telemetry
from stock_producer.outbox.outbox import Message, Outbox
from stock_producer.refusals import Refusals
from stock_producer.schedule.end_of_day import GRACE, day_of
from stock_producer.schedule.feed import Feed
from stock_producer.schedule.types import is_recent
from stock_producer.vendor.base import Answer, Freshness, Observation, PriceBar

TICK_EVERY = timedelta(seconds=10)
_TOPICS = {Quote: QUOTES.name, Alert: ALERTS.name, Bar: BARS.name}
R = TypeVar("R", Quote, Alert, Bar)


def _ignore(_alert: Alert) -> None:
    """Alerts go to the topic only."""


@dataclass(frozen=True)
class Options:
    """What the wiring decides.

    forward: where alerts go besides the topic.
    jitter: gives random numbers from 0 to 1, for pauses after failures.
    """

    forward: Callable[[Alert], None] = _ignore
    jitter: Callable[[], float] = random.random
    stop_on_wrong_symbols: bool = False


@dataclass
class _Batch:
    """What the answers of one step lead to. `asked`: when the symbols with data were asked for."""

    quotes: list[Quote] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    asked: dict[str, datetime] = field(default_factory=dict)
    marks: dict[tuple[str, str], str] = field(default_factory=dict)
    fatal: str | None = None


class Recorder:
    """One thread. `fetched_at`: when the last data came in. `refusals.trouble`: why there are none."""

    def __init__(
        self,
        feed: Feed,
        alerting: Alerting,
        outbox: Outbox,
        telemetry: Telemetry,
        options: Options = Options(),
    ) -> None:
        self._feed = feed
        self._alerting = alerting
        self._outbox = outbox
        self._metrics = telemetry.metrics
        self._log = telemetry.log
        self._forward = options.forward
        self.refusals = Refusals(
            feed, telemetry.log, options.jitter, stop_on_wrong_symbols=options.stop_on_wrong_symbols
        )
        self._started_at: datetime | None = None
        self._ticked_at: datetime | None = None
        self._absent: set[str] = set()
        self._refused: dict[str, str] = {}
        # Of an earlier run it is known when its last call left, which is at most a few seconds before its
        # answer.
        self.fetched_at: datetime | None = max(outbox.asked().values(), default=None)

    def record(self, answers: Sequence[Answer]) -> None:
        """Takes answers in, their quotes and alerts durably. It blocks for one fsync.

        Raises FatalError when the outbox cannot be written, and for a wrong configuration, then after the
        other answers are safe.
        """
        batch = _Batch()
        for answer in answers:
            self._measure(answer)
            if answer.refusal is None:
                self._take(answer, batch)
            else:
                batch.fatal = self.refusals.take(answer, answer.refusal) or batch.fatal
        if batch.quotes or batch.asked or batch.bars:
            self._commit(self._alerting.evaluate(batch.quotes), batch, answers[-1].arrived_at)
        if batch.fatal is not None:
            raise FatalError(batch.fatal)

    def tick(self, now: datetime) -> None:
        """Looks for symbols that are silent while their market trades, each TICK_EVERY.

        Raises FatalError as `record` does.
        """
        self._started_at = min(self._started_at or now, now)
        if not self._alerting.watches_silence or is_recent(self._ticked_at, now, TICK_EVERY):
            return
        self._ticked_at = now
        verdict = self._alerting.overdue(now, self._trading_since(now, self._started_at))
        if verdict.alerts:
            self._commit(verdict, _Batch(), now)

    def _trading_since(self, now: datetime, started_at: datetime) -> dict[str, datetime]:
        """Since when quotes of each symbol are expected. A symbol whose market is closed is left out."""
        hours, delay, since = self._feed.calendars.windows(), self._feed.plan.delay, {}
        for item in self._feed.watchlist.watched:
            current = phase(hours[item.calendar], now - delay).current
            if current:
                since[item.symbol] = max(current.opens + delay, started_at)
        return since

    def _take(self, answer: Answer, batch: _Batch) -> None:
        """Adds an answer with data to the batch."""
        observed = answer.observed
        if answer.bars is not None:
            observed = [records.newest(answer.bars)]
            batch.bars += self._changed(answer, answer.bars, batch)
        for seen in observed:
            if quote := self._fit(
                lambda seen=seen: self._quote(seen, answer), seen.symbol, answer.arrived_at, batch
            ):
                batch.quotes.append(quote)
        held = answer.bars[-1].starts_at.date() if answer.bars else None
        batch.asked |= self._feed.watchlist.answered(answer.request.symbols, held)
        if held:
            self._judge(answer, held, batch)
        self._accept(answer)

    def _commit(self, verdict: Verdict, batch: _Batch, now: datetime) -> None:
        for place, text in verdict.faults.items():
            self._refuse(f"rule {place[0]}, {place[1]}", text)
        alerts = [
            alert
            for alert in verdict.alerts
            if self._fit(lambda alert=alert: alert, f"rule {alert.rule}, {alert.symbol}", now, batch)
        ]
        marks = batch.marks | {
            (bar_mark(bar.symbol), str(bar.starts_at.date())): bar.event_id for bar in batch.bars
        }
        self._outbox.add(batch.messages, batch.asked, verdict.states, now, marks)
        self._alerting.keep(verdict.states)
        for quote in batch.quotes:
            self._metrics.quotes.labels(quote.endpoint).inc()
        self._metrics.bars.labels(self._feed.plan.daily).inc(len(batch.bars))
        for alert in alerts:
            self._announce(alert)

    def _fit(self, make: Callable[[], R], what: str, now: datetime, batch: _Batch) -> R | None:
        """The record, put into the batch, or None where a later stage could not carry it.

        Whatever is wrong with one row of an answer costs no other.
        """
        try:
            record = make()
            batch.messages.append(Message(_TOPICS[type(record)], record.symbol, records.fitting(record, now)))
        except (ValueError, ArithmeticError) as error:
            self._refuse(what, str(error))
            return None
        return record

    def _refuse(self, what: str, text: str) -> None:
        """Counts what is left out, and logs it when it is new."""
        self._metrics.refused_rows.inc()
        if self._refused.get(what) != text:
            self._refused[what] = text
            self._log.warning(
                "left out: it cannot be read, or no later stage could carry it", what=what, reason=text
            )

    def _changed(self, answer: Answer, found: Sequence[PriceBar], batch: _Batch) -> list[Bar]:
        """The bars that are new or have changed since they were sent."""
        sent, now = self._outbox.marks(bar_mark(answer.request.symbols[0])), answer.arrived_at
        made = [records.bar(each, self._feed.source, now) for each in found]
        new = [bar for bar in made if sent.get(str(bar.starts_at.date())) != bar.event_id]
        return [bar for bar in new if self._fit(lambda bar=bar: bar, f"bar of {bar.symbol}", now, batch)]

    def _judge(self, answer: Answer, newest: date, batch: _Batch) -> None:
        """Notes whether the bar of the day that should be there is there."""
        feed, now = self._feed, answer.arrived_at
        calendar = feed.watchlist.calendar_of(answer.request.symbols[0])
        day = day_of(feed.calendars.windows()[calendar], now, feed.plan.quota_day)
        if day.trading_day is None or day.since is None:
            return
        if newest < day.trading_day:
            feed.watchlist.late(answer.request.symbols, now)
            feed.published.looked(calendar, day.trading_day, now)
        elif newest == day.trading_day:
            batch.marks |= feed.published.seen(calendar, newest, day.since - GRACE, now)

    def _quote(self, seen: Observation, answer: Answer) -> Quote:
        # Where the source gives no time, an observation is as old as its data.
        seen_at = seen.quoted_at or answer.arrived_at - seen.delay
        label = "closed"
        if seen.freshness is not Freshness.END_OF_DAY:
            calendar = self._feed.watchlist.calendar_of(seen.symbol)
            label = session(calendar, self._feed.calendars.windows()[calendar], seen_at)
        return records.quote(seen, answer.request.endpoint, self._feed.source, answer.arrived_at, label)

    def _accept(self, answer: Answer) -> None:
        self._feed.budget.answered()
        self.refusals.trouble = None
        self.fetched_at = answer.arrived_at
        self._metrics.last_fetch.set(answer.arrived_at.timestamp())
        for text in answer.unread[:1]:
            self._metrics.refused_rows.inc(len(answer.unread) - 1)
            self._refuse(f"{len(answer.unread)} in the answer about {answer.request.symbols[0]}", text)
        if answer.bars is None:
            self._note_absent(answer)

    def _note_absent(self, answer: Answer) -> None:
        """Counts the symbols that a bulk answer does not have, and logs those that were there before."""
        present = {seen.symbol for seen in answer.observed}
        absent = [symbol for symbol in answer.request.symbols if symbol not in present]
        self._metrics.missing.inc(len(absent))
        new = sorted(set(absent) - self._absent)
        self._absent = (self._absent - present) | set(absent)
        if new:
            self._log.warning("symbols missing in a bulk answer", symbols=new)

    def _announce(self, alert: Alert) -> None:
        self._metrics.alerts.labels(alert.rule).inc()
        self._forward(alert)
        self._log.info(
            "alert", rule=alert.rule, symbol=alert.symbol, severity=alert.severity, text=alert.message
        )

    def _measure(self, answer: Answer) -> None:
        outcome = ANSWERED if answer.refusal is None else str(answer.refusal.kind)
        endpoint = answer.request.endpoint
        self._metrics.calls.labels(endpoint, outcome).inc()
        self._metrics.fetch_seconds.labels(endpoint).observe(answer.seconds)
        if answer.refusal is not None:
            self._metrics.refusals.labels(outcome).inc()
