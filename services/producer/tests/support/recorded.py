"""A second source: observations that were recorded in a file.

It stands for any vendor besides Alpha Vantage.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from stock_common.run import FatalError
from stock_producer.vendor.base import (
    Answer,
    Description,
    Freshness,
    History,
    Limits,
    Match,
    Observation,
    Plan,
    PriceBar,
    Request,
)
from stock_producer.vendor.kinds import Kind, Refusal
from stock_producer.vendor.registry import Entry
from stock_producer.vendor.settings import SourceSettings

DAY = date(2026, 11, 23)
PLAN = Plan("file", Limits(minute=600), Freshness.REALTIME, quote="line", daily="day")
CLOSES = PLAN._replace(name="closes", freshness=Freshness.END_OF_DAY)


def observation(symbol: str, price: str) -> str:
    """A line of the file."""
    return f"{symbol},{price}\n"


class RecordedSettings(SourceSettings):
    names: ClassVar[tuple[str, ...]] = ("recorded",)
    description: ClassVar[Description] = Description("The recording", ("line", "day"))
    plans: ClassVar[tuple[Plan, ...]] = (PLAN, CLOSES)
    recorded_file: Path = Field(description="The file of observations.")

    @property
    def plan(self) -> Plan:
        return PLAN

    @property
    def account(self) -> str:
        return str(self.recorded_file)


class RecordedSource:
    """Answers each request with the symbol's line in the file."""

    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        lines = (line.split(",") for line in path.read_text().splitlines())
        self._prices = {symbol: Decimal(price) for symbol, price in lines}
        self._clock = clock

    def fetch(self, request: Request) -> Answer:
        symbol, now = request.symbols[0], self._clock()
        price = self._prices.get(symbol)
        if price is None:
            return Answer(request, now, 0.0, [], Refusal(Kind.SYMBOL, "it is not in the file"))
        if request.endpoint == "day":
            starts_at = datetime.combine(DAY, time(), UTC)
            bar = PriceBar(symbol, "daily", starts_at, DAY, price, price, price, price, None)
            return Answer(request, now, 0.0, [], None, [bar])
        seen = Observation(symbol, price, None, None, None, None, None, DAY, None, Freshness.REALTIME)
        return Answer(request, now, 0.0, [seen], None)

    def history(self, interval: str, first: date, last: date) -> History:
        raise FatalError(f"The file has no {interval} bars from {first} to {last}.")

    def search(self, text: str) -> list[Match]:
        return [Match(symbol, symbol, "", "", "", "1") for symbol in self._prices if text in symbol]

    def close(self) -> None:
        """Nothing is open."""


ENTRY = Entry(
    RecordedSettings, lambda settings, _connections, clock: RecordedSource(settings.recorded_file, clock)
)
