"""The native way gives what the typed way gives, or gives up."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import ALERT, BAR, QUOTE

from stock_common import records
from stock_common.records import Alert, Bar, Quote, Record
from stock_s3_sink.columns import native, typed

GOOD = records.encode(QUOTE)
instants = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)).map(lambda t: t.replace(tzinfo=UTC))
prices = st.decimals(min_value=-(10**11), max_value=10**11, places=6)
quotes = st.builds(
    lambda **fields: msgspec.structs.replace(QUOTE, **fields),
    price=prices,
    open=st.none() | prices,
    volume=st.none() | st.integers(0, 2**63 - 1),
    trading_day=st.dates(),
    quoted_at=st.none() | instants,
    session=st.none() | st.text(min_size=1, max_size=32),
)


def changed(**fields: object) -> bytes:
    return msgspec.json.encode({**msgspec.json.decode(GOOD), **fields})


@settings(deadline=None)
@given(st.lists(quotes, min_size=1, max_size=20))
def test_both_ways_agree_on_good_records(rows: list[Quote]) -> None:
    values = [records.encode(row) for row in rows]
    fast, slow = native(Quote, values), typed(Quote, values)
    assert fast is not None
    assert fast.arrays == slow.arrays
    assert not slow.faults


@pytest.mark.parametrize(("record", "kind"), [(QUOTE, Quote), (ALERT, Alert), (BAR, Bar)], ids=["quote", "alert", "bar"])
def test_every_kind_goes_the_native_way(record: Record, kind: type[Record]) -> None:
    fast = native(kind, [records.encode(record)])
    assert fast is not None
    assert fast.arrays == typed(kind, [records.encode(record)]).arrays


def test_a_field_of_a_later_version_goes_the_native_way() -> None:
    assert native(Quote, [changed(currency="USD", nested={"a": [1]})]) is not None


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([b""], id="empty"),
        pytest.param([b"{"], id="truncated"),
        pytest.param([GOOD + GOOD, b""], id="two documents in one, none in the next"),
        pytest.param([GOOD + b"\n" + GOOD, b""], id="two lines in one, none in the next"),
        pytest.param([GOOD + GOOD, b" "], id="two documents in one, a blank in the next"),
        pytest.param([GOOD + GOOD], id="two documents in one"),
        pytest.param([GOOD.replace(b",", b",\n", 1)], id="a line break inside"),
        pytest.param([changed(price=None)], id="no price"),
        pytest.param([changed(price=1.23456789)], id="seven decimals are rounded the typed way"),
        pytest.param([changed(price=1e12)], id="price too large"),
        pytest.param([changed(symbol="aapl")], id="symbol's pattern"),
        pytest.param([changed(symbol="A" * 33)], id="symbol too long"),
        pytest.param([changed(session="")], id="empty text"),
        pytest.param([changed(session="\u00fc" * 33)], id="text too long in characters"),
        pytest.param([changed(event_id="x")], id="event_id too short"),
        pytest.param([changed(volume=-1)], id="negative volume"),
        pytest.param([changed(volume=2**63)], id="volume beyond int64"),
        pytest.param([changed(volume="7")], id="volume as text"),
        pytest.param([changed(volume=1.5)], id="volume not whole"),
        pytest.param([changed(symbol=1)], id="symbol as number"),
        pytest.param([changed(fetched_at="2026-11-20T15:30:05")], id="time without offset"),
        pytest.param([changed(fetched_at="yesterday")], id="no time"),
        pytest.param([changed(trading_day="2026-02-30")], id="no day"),
        pytest.param([GOOD.replace(b"AAPL", b"A\xff")], id="not UTF-8"),
        pytest.param([b"[]"], id="no object"),
    ],
)
def test_what_needs_the_typed_way_is_given_up(values: list[bytes]) -> None:
    assert native(Quote, [GOOD, *values, GOOD]) is None


odd = st.one_of(st.just(GOOD), st.binary(max_size=40), st.sampled_from([GOOD + GOOD, b"{}", b" ", b"\n", GOOD[:-1], b"null"]))


@settings(deadline=None)
@given(st.lists(odd, min_size=1, max_size=8))
def test_whatever_comes_the_native_way_never_takes_what_the_typed_way_refuses(values: list[bytes]) -> None:
    fast = native(Quote, values)
    if fast is not None:
        slow = typed(Quote, values)
        assert not slow.faults
        assert fast.arrays == slow.arrays
