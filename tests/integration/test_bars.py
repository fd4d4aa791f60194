"""The bars of the views equal those computed here from the Parquet on S3, over a clock change too."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import pyarrow.parquet as parquet
import pytest
from confluent_kafka import Producer

from stock_common.keys import topic_prefix
from stock_common.records import Quote, encode
from stock_common.topics import QUOTES
from stock_testing.pipeline import Pipeline

NEW_YORK = ZoneInfo("America/New_York")
FRIDAY, SUNDAY, MONDAY = date(2026, 3, 6), date(2026, 3, 8), date(2026, 3, 9)
"""Around the change to summer time in New York, on Sunday at 02:00."""
SYMBOL = "IBM"
OPENS = (9, 30)
VIEWS = {"BARS_1MIN": 60, "BARS_5MIN": 300, "BARS_15MIN": 900, "BARS_30MIN": 1_800, "BARS_1H": 3_600}
COLUMNS = "symbol, trading_day, starts_at, open, high, low, close, volume, quotes"


class Bar(NamedTuple):
    symbol: str
    trading_day: date
    starts_at: datetime
    open: Decimal | None
    high: Decimal | None
    low: Decimal | None
    close: Decimal
    volume: int | None
    quotes: int


def made(
    number: int, at: datetime | None, price: float, volume: int | None, day: date, **changes: Any
) -> Quote:
    """A real-time quote of `at`; without it one that has no time within the day."""
    fields: dict[str, Any] = {
        "event_id": str(UUID(int=0xBA75 << 64 | number)), "symbol": SYMBOL, "price": Decimal(f"{price:.4f}"),
        "open": Decimal(100), "high": Decimal(140), "low": Decimal(90), "previous_close": Decimal(99),
        "volume": volume, "trading_day": day, "quoted_at": at, "source": "simulated",
        "fetched_at": (at or datetime.combine(day, datetime.min.time(), UTC)) + timedelta(seconds=1),
        "endpoint": "REALTIME_BULK_QUOTES", "entitlement": "realtime", "session": "regular",
    }  # fmt: skip
    return Quote(**(fields | changes))


def day_of_quotes(day: date, first: int) -> Iterator[Quote]:
    """The first ten minutes of New York's day, a quote about every seven seconds.

    The volume stands still, grows, is absent and is corrected.
    """
    opening = datetime(day.year, day.month, day.day, *OPENS, tzinfo=NEW_YORK).astimezone(UTC)
    volume = 1_000
    for step in range(86):
        volume += 0 if step % 5 == 0 else -300 if step == 40 else 37 * step
        at = opening + timedelta(seconds=7 * step, milliseconds=step * 131 % 1_000)
        yield made(first + step, at, 100 + (step * 17 % 23) / 7, None if step % 11 == 3 else volume, day)


def sent() -> list[Quote]:
    """Both days, the hour that the clocks leave out, and two quotes that are no ticks.

    Some quotes are out of their order, some are sent twice.
    """
    friday, monday = list(day_of_quotes(FRIDAY, 1_000)), list(day_of_quotes(MONDAY, 2_000))
    before = datetime(2026, 3, 8, 6, 50, tzinfo=UTC)
    sunday = [
        made(3_000 + step, before + timedelta(minutes=step), 120 - step / 8, 50 * step, SUNDAY)
        for step in range(20)
    ]
    late = [
        monday[30],
        monday[31],
        made(4_000, monday[5].quoted_at, 139, 1_200, MONDAY, fetched_at=monday[60].fetched_at),
    ]
    untimed = [
        made(5_000, None, 130, 9_000_000, FRIDAY, entitlement="end_of_day"),
        made(5_001, None, 131, 9_000_001, FRIDAY, entitlement="delayed"),
    ]
    return [
        *friday[:50],
        *friday[40:],
        *sunday,
        *monday[:20],
        *reversed(monday[20:40]),
        *monday[40:],
        *late,
        *untimed,
    ]


def send(pipeline: Pipeline, quotes: Iterable[Quote]) -> None:
    producer = Producer(
        {
            "bootstrap.servers": pipeline.servers,
            "enable.idempotence": True,
            "partitioner": "murmur2_random",
        }
    )
    for quote in quotes:
        producer.produce(QUOTES.name, encode(quote), key=quote.symbol)
    assert producer.flush(60) == 0


def stored(pipeline: Pipeline) -> list[dict[str, Any]]:
    """Every quote on S3, an event that was sent again once: as Kafka got it first."""
    found = []
    for _, body, _ in pipeline.objects(topic_prefix(QUOTES.name)):
        found += parquet.read_table(io.BytesIO(body)).to_pylist()
    found.sort(key=lambda row: (row["kafka_partition"], row["kafka_offset"]), reverse=True)
    return list({row["event_id"]: row for row in found}.values())


def ticks(quotes: Iterable[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], datetime, int | None]]:
    """Quotes that have a time within the day, in its order, with what was traded since the one before."""
    timed = []
    for row in quotes:
        at = row["quoted_at"] or (row["fetched_at"] if row["entitlement"] == "realtime" else None)
        if at is not None and row["entitlement"] != "end_of_day":
            timed.append((row["symbol"], row["trading_day"], at, row["fetched_at"], row["kafka_offset"], row))
    timed.sort(key=lambda item: item[:5])
    for _, day in groupby(timed, key=lambda item: item[:2]):
        cumulative = None
        for *_, at, _, _, row in day:
            traded = (
                None if row["volume"] is None or cumulative is None else max(0, row["volume"] - cumulative)
            )
            cumulative = cumulative if row["volume"] is None else row["volume"]
            yield row, at, traded


def bars(quotes: Iterable[dict[str, Any]], seconds: int) -> set[Bar]:
    """Bars of `seconds` from ticks, in plain Python."""
    grouped: dict[tuple[str, date, int], list[tuple[Decimal, int | None]]] = defaultdict(list)
    for row, at, traded in ticks(quotes):
        start = int(at.timestamp()) // seconds * seconds
        grouped[row["symbol"], row["trading_day"], start].append((row["price"], traded))
    found = set()
    for (symbol, day, start), parts in grouped.items():
        prices, volumes = [price for price, _ in parts], [traded for _, traded in parts if traded is not None]
        volume = sum(volumes) if volumes else None
        at = datetime.fromtimestamp(start, UTC)
        found.add(Bar(symbol, day, at, prices[0], max(prices), min(prices), prices[-1], volume, len(parts)))
    return found


def daily(quotes: Iterable[dict[str, Any]]) -> set[Bar]:
    """What each day's last quote says of its day."""
    days = defaultdict(list)
    for row in quotes:
        days[row["symbol"], row["trading_day"]].append(row)
    found = set()
    for (symbol, day), rows in days.items():
        last = max(rows, key=lambda row: (row["quoted_at"] or row["fetched_at"], row["kafka_offset"]))
        start = datetime.combine(day, datetime.min.time(), UTC)
        found.add(
            Bar(
                symbol,
                day,
                start,
                last["open"],
                last["high"],
                last["low"],
                last["price"],
                last["volume"],
                len(rows),
            )
        )
    return found


def viewed(pipeline: Pipeline, view: str, where: str = "") -> list[Bar]:
    rows = pipeline.query(f"SELECT {COLUMNS} FROM STOCKS.ANALYTICS.{view} {where}")
    return [Bar(*row)._replace(starts_at=row[2].astimezone(UTC), quotes=int(row[8])) for row in rows]


@pytest.fixture(scope="module")
def quotes(pipeline: Pipeline) -> Iterator[list[dict[str, Any]]]:
    """Every quote of the stack, ours among them; nothing new comes while the tests look."""
    with pipeline.still():
        send(pipeline, sent())
        pipeline.drain()
        yield stored(pipeline)


@pytest.mark.parametrize("view", VIEWS)
def test_bars_equal_an_independent_computation(
    pipeline: Pipeline, quotes: list[dict[str, Any]], view: str
) -> None:
    found, expected = viewed(pipeline, view), bars(quotes, VIEWS[view])
    assert len(found) == len(set(found))
    assert set(found) ^ expected == set()


def test_daily_bars_equal_the_last_quote_of_each_day(
    pipeline: Pipeline, quotes: list[dict[str, Any]]
) -> None:
    found = viewed(pipeline, "BARS_1D", "WHERE quotes > 0")
    assert len(found) == len(set(found))
    assert set(found) ^ daily(quotes) == set()


@pytest.mark.parametrize(("day", "utc_hour"), [(FRIDAY, 14), (MONDAY, 13)])
def test_the_open_of_new_york_is_at_half_past_nine_before_and_after_the_change(
    pipeline: Pipeline, quotes: list[dict[str, Any]], day: date, utc_hour: int
) -> None:
    found = viewed(
        pipeline, "BARS_1MIN", f"WHERE symbol = '{SYMBOL}' AND trading_day = '{day}' ORDER BY starts_at"
    )
    local = found[0].starts_at.astimezone(NEW_YORK)
    assert (local.hour, local.minute, found[0].starts_at.hour) == (*OPENS, utc_hour)
    assert sum(bar.quotes for bar in found) == len(
        {quote.event_id for quote in sent() if quote.trading_day == day and quote.quoted_at}
    )


def test_no_minute_is_missing_where_the_clocks_leave_out_an_hour(
    pipeline: Pipeline, quotes: list[dict[str, Any]]
) -> None:
    found = viewed(
        pipeline, "BARS_1MIN", f"WHERE symbol = '{SYMBOL}' AND trading_day = '{SUNDAY}' ORDER BY starts_at"
    )
    assert [bar.starts_at - found[0].starts_at for bar in found] == [
        timedelta(minutes=step) for step in range(20)
    ]
    assert [f"{bar.starts_at.astimezone(NEW_YORK):%H:%M}" for bar in found][9:11] == ["01:59", "03:00"]
    assert [bar.volume for bar in found] == [None, *[50] * 19]
