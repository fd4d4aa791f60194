"""A vendor that fails, and publishes late."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from functools import cache

from exchange_calendars import get_calendar

from stock_market.limits import PLANS as VENDOR
from stock_market.limits import Limits as VendorLimits
from stock_producer.market.calendars import DAYS_AHEAD, DAYS_BACK, Calendars
from stock_producer.market.sessions import Window
from stock_producer.schedule.scheduler import closing_grace
from stock_producer.vendor.base import Answer, Freshness, Plan, Request
from stock_producer.vendor.kinds import FATAL, Kind, Refusal
from support.bodies import bulk, daily, global_quote
from support.corpus import CORPUS, content
from support.world import Vendor

NEW_YORK = "XNYS"
TIMEOUTS, PAGES, REFUSED = 0.05, 0.01, 0.01
"""The shares of the calls that time out, bring HTML, and bring one of the texts of the corpus."""
TIMEOUT = Refusal(Kind.TIMEOUT, "no answer within 10 s")
LATEST, SPREAD = timedelta(hours=4), timedelta(minutes=30)
"""After the close, when the first bars are published at the latest, and how much later a symbol's may be."""


@cache
def sessions() -> tuple[Window, ...]:
    """New York's, of 2026 and the weeks around it."""
    rows = get_calendar(NEW_YORK, start="2025-12-01", end="2027-03-31").schedule.itertuples()
    return tuple(
        Window(row.open.to_pydatetime().astimezone(UTC), row.close.to_pydatetime().astimezone(UTC))
        for row in rows
    )


class Hours(Calendars):
    """The product's calendars, without the half second a day that the library takes to load."""

    def _load(self, code: str, today: date) -> tuple[Window, ...]:
        assert code == NEW_YORK
        start, end = today - timedelta(DAYS_BACK), today + timedelta(DAYS_AHEAD)
        return tuple(window for window in sessions() if start <= window.opens.date() <= end)


class FailingVendor(Vendor):
    """Has each session's bar some time after the close, which differs by day and by symbol.

    share: of the calls that time out. requested: the last call.
    over: calls beyond a limit. wasted: calls on closed days for symbols that hold all there is.
    """

    def __init__(self, plan: Plan, seed: int) -> None:
        super().__init__()
        self.freshness = plan.freshness
        self._plan = plan
        self._now = sessions()[0].closes
        self._judge = VendorLimits(
            VENDOR[plan.name], lambda: self._now.timestamp(), lambda: plan.quota_day.of(self._now)
        )
        self._random = random.Random(seed)
        self._texts = [
            content(entry)
            for entry in CORPUS
            if "refusal" in entry and entry.get("status", 200) == 200 and not _ends(Kind(entry["refusal"]))
        ]
        self._open_days = {plan.quota_day.of(window.opens) for window in sessions()}
        self.share = TIMEOUTS
        self.requested: list[tuple[Request, datetime]] = []
        self.served: dict[str, datetime] = {}
        self.calls = self.over = self.wasted = 0

    def __call__(self, request: Request, now: datetime) -> Answer:
        self._now = now
        self.calls += 1
        self.requested[:] = [(request, now)]
        self.over += self._judge.refuse("key") is not None
        closed = self._plan.quota_day.of(now) not in self._open_days
        self.wasted += closed and all(self._holds(symbol, now) for symbol in request.symbols)
        luck = self._random.random()
        body: bytes | Refusal = self._body(request, now)
        if luck < self.share:
            body = TIMEOUT
        elif luck < self.share + PAGES:
            body = b"<html></html>"
        elif luck < self.share + PAGES + REFUSED:
            body = self._random.choice(self._texts)
        self.bodies = {request.symbols[0]: body}
        answer = super().__call__(request, now)
        self.asked.clear()
        if answer.refusal is None:
            self.served |= dict.fromkeys(request.symbols, now)
        return answer

    def published(self, symbol: str, now: datetime) -> list[date]:
        """The days whose bars are there, oldest first."""
        closed = [window.closes for window in sessions() if now - timedelta(30) < window.closes <= now]
        return [close.date() for close in closed if close + self._lateness(symbol, close) <= now]

    def _lateness(self, symbol: str, close: datetime) -> timedelta:
        day, own = random.Random(str(close)).random(), random.Random(f"{symbol} {close}").random()
        return LATEST * day + SPREAD * own

    def last_close(self, now: datetime) -> datetime:
        """When the newest closing price was out."""
        late = self._plan.delay + closing_grace(NEW_YORK)
        return max(window.closes + late for window in sessions() if window.closes + late <= now)

    def _holds(self, symbol: str, now: datetime) -> bool:
        at = self.served.get(symbol)
        if at is None:
            return False
        if self._plan.freshness is Freshness.END_OF_DAY:
            return self.published(symbol, at)[-1] == max(
                window.closes.date() for window in sessions() if window.closes <= now
            )
        return at >= self.last_close(now)

    def _body(self, request: Request, now: datetime) -> bytes:
        symbol = request.symbols[0]
        if self._plan.freshness is Freshness.END_OF_DAY:
            days = self.published(symbol, now)
            return daily(symbol, str(days[-1]), len(days), days=days)
        day = max(window.opens for window in sessions() if window.opens <= now - self._plan.delay).date()
        if self._plan.batch and request.endpoint == self._plan.batch.endpoint:
            return bulk(request.symbols, day)
        delayed = " - DATA DELAYED BY 15 MINUTES" if self.freshness is Freshness.DELAYED else ""
        return global_quote(symbol, day=str(day), top=f"Global Quote{delayed}")


def _ends(kind: Kind) -> bool:
    """Whether it ends the process or the quota's day, rightly."""
    return kind in FATAL or kind is Kind.DAY
