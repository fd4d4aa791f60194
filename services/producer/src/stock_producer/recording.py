"""Answers into the outbox: quotes and the alerts they raise, in one transaction; refusals to the budget and the watchlist."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from stock_common.records import Alert, Bar, Quote, encode
from stock_common.run import FatalError
from stock_common.topics import ALERTS, BARS, QUOTES
from stock_producer.alerting import Alerting, Verdict
from stock_producer.alphavantage import Answer
from stock_producer.budget import Budget, next_vendor_day
from stock_producer.calendars import Calendars
from stock_producer.end_of_day import STALE_WAIT, last_day
from stock_producer.metrics import ANSWERED, Metrics
from stock_producer.outbox import Message, Outbox
from stock_producer.plans import DELAY, Freshness, Plan
from stock_producer.quotes import freshness, quote
from stock_producer.refusals import FATAL, LIMITED, Kind, Refusal
from stock_producer.responses import Endpoint, Observed
from stock_producer.series import SeriesBar, bar_mark, newest, record
from stock_producer.sessions import phase, session
from stock_producer.watchlist import Watchlist

LOG_EVERY = timedelta(seconds=30)
"""A reason that lasts is logged this often."""

TICK_EVERY = timedelta(seconds=10)


class Recorder:
    """One thread. `trouble`: why the last call brought nothing, while none has brought anything since. `fetched_at`: the last data."""

    def __init__(
        self,
        source: str,
        plan: Plan,
        calendars: Calendars,
        watchlist: Watchlist,
        budget: Budget,
        alerting: Alerting,
        outbox: Outbox,
        metrics: Metrics,
        jitter: Callable[[], float],
        log: structlog.stdlib.BoundLogger,
        forward: Callable[[Alert], None] = lambda _alert: None,
        *,
        stop_on_wrong_symbols: bool = False,
    ) -> None:
        self._source = source
        self._plan = plan
        self._calendars = calendars
        self._watchlist = watchlist
        self._budget = budget
        self._alerting = alerting
        self._outbox = outbox
        self._metrics = metrics
        self._jitter = jitter
        self._log = log
        self._forward = forward
        self._stop_on_wrong_symbols = stop_on_wrong_symbols
        self._started_at: datetime | None = None
        self._ticked_at: datetime | None = None
        self._logged: dict[tuple[str, Kind], datetime] = {}
        self._absent: set[str] = set()
        self.trouble: str | None = None
        # Of an earlier run it is known when its last call left, which is at most a few seconds before its answer.
        self.fetched_at: datetime | None = max(outbox.asked().values(), default=None)

    def record(self, answers: Sequence[Answer]) -> None:
        """Takes answers in, their quotes and alerts durably. Blocks for one fsync. Raises FatalError for a wrong configuration, after
        the other answers are safe, and when the outbox cannot be written."""
        quotes: list[Quote] = []
        bars: list[Bar] = []
        asked: dict[str, datetime] = {}
        wrong: Refusal | None = None
        for answer in answers:
            self._measure(answer)
            if answer.refusal is None:
                observed, found = (answer.observed, []) if answer.bars is None else self._daily(answer, answer.bars)
                quotes += [self._quote(item, answer) for item in observed]
                bars += found
                if answer.bars is None or not self._stale(answer, answer.bars):
                    asked |= self._watchlist.answered(answer.request.symbols)
                self._accept(answer)
            elif answer.refusal.kind in FATAL:
                wrong = answer.refusal
            elif answer.refusal.kind is Kind.SYMBOL and self._stop_on_wrong_symbols:
                wrong = Refusal(Kind.SYMBOL, f"{', '.join(answer.request.symbols)}: {answer.refusal.text}")
            else:
                self._refuse(answer, answer.refusal)
        if quotes or asked or bars:
            self._store(quotes, bars, asked, answers[-1].arrived_at)
        if wrong is not None:
            advice = FATAL.get(wrong.kind, "Alpha Vantage does not know a symbol: correct SYMBOLS or SYMBOLS_FILE, or set WRONG_SYMBOLS=skip.")
            raise FatalError(f"{advice} Alpha Vantage says: {wrong.text}")

    def _store(self, quotes: Sequence[Quote], bars: Sequence[Bar], asked: dict[str, datetime], now: datetime) -> None:
        verdict = self._alerting.evaluate(quotes)
        self._commit(verdict, quotes, bars, asked, now)

    def tick(self, now: datetime) -> None:
        """Looks for symbols that are silent while their market trades, each TICK_EVERY. Raises FatalError as `record` does."""
        self._started_at = self._started_at or now
        if not self._alerting.watches_silence or (self._ticked_at and now - self._ticked_at < TICK_EVERY):
            return
        self._ticked_at = now
        hours, since = self._calendars.windows(), {}
        for item in self._watchlist.items(now):
            current = phase(hours[item.calendar], now - self._plan.delay).current
            if current:
                since[item.symbol] = max(current.opens + self._plan.delay, self._started_at)
        verdict = self._alerting.overdue(now, since)
        if verdict.alerts:
            self._commit(verdict, [], [], {}, now)

    def _commit(self, verdict: Verdict, quotes: Sequence[Quote], bars: Sequence[Bar], asked: dict[str, datetime], now: datetime) -> None:
        messages = [Message(QUOTES.name, quote.symbol, encode(quote)) for quote in quotes]
        messages += [Message(ALERTS.name, alert.symbol, encode(alert)) for alert in verdict.alerts]
        messages += [Message(BARS.name, bar.symbol, encode(bar)) for bar in bars]
        self._outbox.add(messages, asked, verdict.states, now, {(bar_mark(bar.symbol), str(bar.starts_at.date())): bar.event_id for bar in bars})
        self._alerting.keep(verdict.states)
        for item in quotes:
            self._metrics.quotes.labels(item.endpoint).inc()
        self._metrics.bars.labels(Endpoint.DAILY.value).inc(len(bars))
        for alert in verdict.alerts:
            self._announce(alert)

    def _daily(self, answer: Answer, found: Sequence[SeriesBar]) -> tuple[list[Observed], list[Bar]]:
        """The newest bar as an observation, and the bars that are new or have changed since they were sent."""
        sent = self._outbox.marks(bar_mark(answer.request.symbols[0]))
        records = [record(bar, self._source, answer.arrived_at) for bar in found]
        return [newest(found)], [bar for bar in records if sent.get(str(bar.starts_at.date())) != bar.event_id]

    def _stale(self, answer: Answer, found: Sequence[SeriesBar]) -> bool:
        """Whether the day's bar is not there yet: asked for again later, once."""
        calendar = self._watchlist.calendar_of(answer.request.symbols[0])
        expected = last_day(self._calendars.windows()[calendar], answer.arrived_at)
        if expected is None or found[-1].starts_at.date() >= expected:
            return False
        return self._watchlist.stale(answer.request.symbols, answer.arrived_at + STALE_WAIT)

    def _quote(self, observed: Observed, answer: Answer) -> Quote:
        endpoint = answer.request.endpoint
        fresh = freshness(observed, endpoint, self._plan)
        # Without a time of its own an observation is as old as its data: 15 minutes where they are delayed.
        seen_at = observed.quoted_at or (answer.arrived_at - DELAY if fresh is Freshness.DELAYED else answer.arrived_at)
        calendar = self._watchlist.calendar_of(observed.symbol)
        label = "closed" if fresh is Freshness.END_OF_DAY else session(calendar, self._calendars.windows()[calendar], seen_at)
        return quote(observed, endpoint, self._source, answer.arrived_at, fresh, label)

    def _accept(self, answer: Answer) -> None:
        self._budget.answered()
        self.trouble = None
        self.fetched_at = answer.arrived_at
        self._metrics.last_fetch.set(answer.arrived_at.timestamp())
        if answer.request.endpoint is Endpoint.BULK:
            present = {observed.symbol for observed in answer.observed}
            absent = [symbol for symbol in answer.request.symbols if symbol not in present]
            self._metrics.missing.inc(len(absent))
            new = sorted(set(absent) - self._absent)
            self._absent = (self._absent - present) | set(absent)
            if new:
                self._log.warning("symbols missing in a bulk answer", symbols=new)

    def _refuse(self, answer: Answer, refusal: Refusal) -> None:
        symbols, now = answer.request.symbols, answer.arrived_at
        if refusal.kind is Kind.SYMBOL:
            for symbol in symbols:
                if self._watchlist.skip(symbol, next_vendor_day(now)):
                    self._log.warning("symbol skipped until tomorrow: the vendor does not know it", symbol=symbol, reason=refusal.text)
            return
        if refusal.kind in LIMITED:
            self._budget.correct(refusal, now)
            self._watchlist.put_back(symbols)
        else:
            self._watchlist.failed(symbols, now, refusal.retry_after, self._jitter())
        self.trouble = f"{refusal.kind}: {refusal.text}"
        place = (answer.request.endpoint.value, refusal.kind)
        if now - self._logged.get(place, now - LOG_EVERY) >= LOG_EVERY:
            self._logged[place] = now
            self._log.warning("call refused", endpoint=place[0], kind=str(refusal.kind), reason=refusal.text, symbols=list(symbols[:5]))

    def _announce(self, alert: Alert) -> None:
        self._metrics.alerts.labels(alert.rule).inc()
        self._forward(alert)
        self._log.info("alert", rule=alert.rule, symbol=alert.symbol, severity=alert.severity, text=alert.message)

    def _measure(self, answer: Answer) -> None:
        outcome = ANSWERED if answer.refusal is None else str(answer.refusal.kind)
        endpoint = answer.request.endpoint.value
        self._metrics.calls.labels(endpoint, outcome).inc()
        self._metrics.fetch_seconds.labels(endpoint).observe(answer.seconds)
        if answer.refusal is not None:
            self._metrics.refusals.labels(outcome).inc()
