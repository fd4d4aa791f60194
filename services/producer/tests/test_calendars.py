from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import structlog
from support.world import Clock

from stock_producer.market.calendars import Calendars, calendar_of, is_known
from stock_producer.market.sessions import ALWAYS_OPEN, Window, market_state, overlap, phase, session
from stock_producer.vendor.alphavantage.endpoints import in_bulk


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Log:
    def __init__(self) -> None:
        self.warnings: list[dict[str, object]] = []

    def warning(self, event: str, **fields: object) -> None:
        self.warnings.append({"event": event, **fields})


def calendars(now: str, *codes: str, log: object = None) -> tuple[Calendars, Clock]:
    clock = Clock(at(now))
    return Calendars(set(codes), clock, log or structlog.stdlib.get_logger()), clock  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("symbol", "code"),
    [
        ("AAPL", "XNYS"),
        ("TSCO.LON", "XLON"),
        ("SHOP.TRT", "XTSE"),
        ("MBG.DEX", "XETR"),
        ("RELIANCE.BSE", "XBOM"),
        ("600104.SHH", "XSHG"),
        ("000002.SHZ", "XSHG"),
        ("BRK.B", "XNYS"),
    ],
)
def test_exchange_by_suffix(symbol: str, code: str) -> None:
    assert calendar_of(symbol, "auto") == code
    assert calendar_of(symbol, "24/7") == "24/7"
    assert in_bulk(symbol) == (code == "XNYS")


@pytest.mark.parametrize(
    ("now", "label"),
    [
        pytest.param("2026-11-23T08:59:59", "closed", id="a second before 04:00 in New York"),
        pytest.param("2026-11-23T09:00:00", "pre", id="04:00"),
        pytest.param("2026-11-23T14:29:59", "pre", id="a second before the open"),
        pytest.param("2026-11-23T14:30:00", "regular", id="the open"),
        pytest.param("2026-11-23T20:59:59", "regular", id="a second before the close"),
        pytest.param("2026-11-23T21:00:00", "post", id="the close"),
        pytest.param("2026-11-24T00:59:59", "post", id="a second before 20:00"),
        pytest.param("2026-11-24T01:00:00", "closed", id="20:00"),
        pytest.param("2026-11-26T16:00:00", "closed", id="Thanksgiving"),
        pytest.param("2026-11-27T17:59:59", "regular", id="half day, before 13:00"),
        pytest.param("2026-11-27T18:00:00", "post", id="half day, 13:00"),
        pytest.param("2026-11-27T22:00:00", "closed", id="half day, 17:00"),
        pytest.param("2026-11-28T16:00:00", "closed", id="Saturday"),
        pytest.param("2026-07-01T13:30:00", "regular", id="the open in summer time"),
        pytest.param("2026-03-09T13:30:00", "regular", id="the open on the first day of summer time"),
        pytest.param("2026-03-06T13:30:00", "pre", id="the same hour before it"),
    ],
)
def test_sessions_of_new_york(now: str, label: str) -> None:
    found, _ = calendars(now, "XNYS")
    assert session("XNYS", found.windows()["XNYS"], at(now)) == label


def test_lunch_break_is_a_gap() -> None:
    found, _ = calendars("2026-11-23T00:00:00", "XSHG")
    windows = found.windows()["XSHG"]
    assert phase(windows, at("2026-11-23T03:29:59")).current == Window(
        at("2026-11-23T01:30:00"), at("2026-11-23T03:30:00")
    )
    assert phase(windows, at("2026-11-23T04:00:00")).current is None
    assert phase(windows, at("2026-11-23T05:00:00")).current
    assert session("XSHG", windows, at("2026-11-23T04:00:00")) == "closed"


def test_windows_move_on_with_the_days() -> None:
    found, clock = calendars("2026-11-23T12:00:00", "XNYS")
    for _ in range(14):
        clock.advance(30 * 86_400)
        assert phase(found.windows()["XNYS"], clock()).following, clock()


def test_after_the_record_weekdays_count_as_open_with_a_warning() -> None:
    log = Log()
    found, _ = calendars("2035-05-16T12:00:00", "XBOM", log=log)
    windows = found.windows()["XBOM"]
    assert phase(windows, at("2035-05-16T04:00:00")).current == Window(
        at("2035-05-16T03:45:00"), at("2035-05-16T10:00:00"), assumed=True
    )
    assert not [window for window in windows if window.opens.weekday() >= 5]
    assert [entry["calendar"] for entry in log.warnings] == ["XBOM"]


@pytest.mark.parametrize(
    ("now", "label"),
    [
        pytest.param("2026-12-30T02:00:00", "regular", id="within the record"),
        pytest.param("2026-12-30T04:00:00", "closed", id="its lunch break"),
        pytest.param("2027-02-08T02:00:00", "unknown", id="a holiday after the record"),
        pytest.param("2027-02-09T04:00:00", "unknown", id="a lunch break after the record"),
        pytest.param("2027-02-08T12:00:00", "unknown", id="the evening after the record"),
    ],
)
def test_after_the_record_a_session_is_unknown(now: str, label: str) -> None:
    found, _ = calendars(now, "XSHG", log=Log())
    assert session("XSHG", found.windows()["XSHG"], at(now)) == label


@pytest.mark.parametrize("day", ["2025-02-01", "2026-02-01"])
def test_mumbais_sessions_on_weekends(day: str) -> None:
    found, _ = calendars(f"{day}T00:00:00", "XBOM")
    windows = found.windows()["XBOM"]
    assert session("XBOM", windows, at(f"{day}T03:45:00")) == "regular"
    assert session("XBOM", windows, at(f"{day}T10:00:00")) == "closed"
    assert list(windows) == sorted(windows)


def test_an_exchange_that_is_not_known() -> None:
    code = calendar_of("0700.HKG", "auto")
    found, clock = calendars("2026-11-28T12:00:00", code)
    assert session(code, found.windows()[code], clock()) == "unknown"
    assert market_state(code, found.windows()[code], clock()).is_open
    assert not in_bulk("0700.HKG")
    assert calendar_of("0700.HKG", "XHKG") == "XHKG"


def test_a_market_that_never_closes() -> None:
    found, clock = calendars("2026-11-28T12:00:00", "24/7")
    assert found.windows() == {"24/7": ALWAYS_OPEN}
    state = market_state("24/7", ALWAYS_OPEN, clock())
    assert (state.is_open, state.next_open, state.next_close) == (True, None, None)
    assert session("24/7", ALWAYS_OPEN, clock()) == "regular"


def test_market_state() -> None:
    found, _ = calendars("2026-11-25T22:00:00", "XNYS")
    windows = found.windows()["XNYS"]
    night = market_state("XNYS", windows, at("2026-11-25T22:00:00"))
    assert (night.is_open, night.next_open, night.next_close) == (
        False,
        at("2026-11-27T14:30:00"),
        at("2026-11-27T18:00:00"),
    )
    day = market_state("XNYS", windows, at("2026-11-27T15:00:00"))
    assert (day.is_open, day.next_close, day.next_open) == (
        True,
        at("2026-11-27T18:00:00"),
        at("2026-11-30T14:30:00"),
    )


def test_overlap() -> None:
    windows = [
        Window(at("2026-11-23T10:00:00"), at("2026-11-23T12:00:00")),
        Window(at("2026-11-23T13:00:00"), at("2026-11-23T14:00:00")),
    ]
    assert overlap(windows, at("2026-11-23T11:00:00"), at("2026-11-23T13:30:00")) == timedelta(
        hours=1, minutes=30
    )
    assert overlap(windows, at("2026-11-23T14:00:00"), at("2026-11-24T00:00:00")) == timedelta(0)


def test_known_calendars() -> None:
    assert is_known("XNYS")
    assert is_known("24/7")
    assert not is_known("auto")
    assert not is_known("NOWHERE")
