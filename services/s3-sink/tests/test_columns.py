"""`native` gives what `typed` gives, or gives up."""

from __future__ import annotations

import json
import re
from array import array
from datetime import UTC, date, datetime

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from samples import ALERT, BAR, QUOTE

from stock_common import records
from stock_common.records import Alert, Bar, Quote, Record
from stock_s3_sink.cutter import Records
from stock_s3_sink.encode.columns import native, typed
from stock_s3_sink.encode.parquet import encode

GOOD = records.encode(QUOTE)
instants = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)).map(lambda t: t.replace(tzinfo=UTC))
prices = st.decimals(min_value=-(10**11), max_value=10**11, places=6)
quotes = st.builds(
    lambda **fields: msgspec.structs.replace(QUOTE, **fields),
    price=prices,
    open=st.none() | prices,
    volume=st.none() | st.integers(0, 2**63 - 1),
    trading_day=st.dates(date(1970, 1, 1), date(2199, 12, 31)),
    quoted_at=st.none() | instants,
    session=st.none() | st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=32),
)


HUGE_EXPONENTS = (
    "288e-547342",
    "1e999999999",
    "-0e-400000",
    "1e-999999999",
    "1e-2147483647",
    "1E-45",
    "0e999999999",
    "0.5e-44",
)


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def changed(**fields: object) -> bytes:
    return msgspec.json.encode({**msgspec.json.decode(GOOD), **fields})


def with_fields(changes: list[tuple[str, str]]) -> bytes:
    """The good quote with these fields, as they are written. A field that is there already comes twice."""
    more = "".join(f',"{name}":{value}' for name, value in changes)
    return GOOD[:-1] + more.encode(errors="surrogatepass") + b"}"


EXPONENT = re.compile(rb':"?[-+]?[0-9.]+[eE][-+]?[0-9]+[",}]')
"""A text that looks like a number with an exponent is taken for one."""


@settings(deadline=None)
@given(st.lists(quotes, min_size=1, max_size=20))
@example([msgspec.structs.replace(QUOTE, session="0E0")])
def test_both_ways_agree_on_good_records(rows: list[Quote]) -> None:
    values = [records.encode(row) for row in rows]
    fast, slow = native(Quote, values), typed(Quote, values)
    needs_typed = any(b"\\" in value or EXPONENT.search(value) for value in values)
    assert (fast is None) == needs_typed
    assert fast is None or fast.arrays == slow.arrays
    assert not slow.faults


@pytest.mark.parametrize(
    ("record", "kind"), [(QUOTE, Quote), (ALERT, Alert), (BAR, Bar)], ids=["quote", "alert", "bar"]
)
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
        *(
            pytest.param([with_fields([(name, text)])], id=f"exponent: {name} {text}")
            for name in ("price", "open", "volume")
            for number in HUGE_EXPONENTS
            for text in (number, quoted(number))
        ),
        pytest.param([changed(symbol="aapl")], id="symbol's pattern"),
        pytest.param([changed(symbol="AAPL\n")], id="a line break after the symbol"),
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
def test_the_native_way_gives_up_on_slices_for_the_typed_way(values: list[bytes]) -> None:
    assert native(Quote, [GOOD, *values, GOOD]) is None


odd = st.one_of(
    st.just(GOOD),
    st.binary(max_size=40),
    st.sampled_from([GOOD + GOOD, b"{}", b" ", b"\n", GOOD[:-1], b"null"]),
)


@settings(deadline=None)
@given(st.lists(odd, min_size=1, max_size=8))
def test_for_any_values_the_native_way_never_takes_what_the_typed_way_refuses(values: list[bytes]) -> None:
    fast = native(Quote, values)
    if fast is not None:
        slow = typed(Quote, values)
        assert not slow.faults
        assert fast.arrays == slow.arrays


ODD_NUMBERS = """0 -0 1 -1 1.0 1e3 1E+3 1e-30 0.0000001 999999999999.999999 999999999999.9999999
1e12 1e400 01 1.
.5 +1 NaN Infinity 9223372036854775807 9223372036854775808 null true "1.5" "" [] {} 1_000 0x1 1e999999999"""
plain = (
    st.sampled_from(ODD_NUMBERS.split())
    | st.integers().map(str)
    | st.floats(allow_nan=False, allow_infinity=False).map(repr)
    | st.builds(
        "{}{}e{}".format, st.sampled_from(["", "-"]), st.integers(0, 10**20), st.integers(-(10**10), 10**10)
    )
)
numbers = plain | plain.map(quoted)
times = (
    st.sampled_from(
        [
            "2026-11-20T15:30:05Z",
            "2026-11-20t15:30:05z",
            "2026-11-20 15:30:05Z",
            "2026-11-20T15:30:05.1234567Z",
            "2026-11-20T15:30:05.123456789+00:00",
            "2026-11-20T15:30:05+0000",
            "2026-11-20T15:30:05+23:59",
            "2026-11-20T15:30Z",
            "2026-11-20T15Z",
            "2026-11-20",
            "2026-11-20T24:00:00Z",
            "2026-11-20T23:59:60Z",
            "9999-12-31T23:59:59-14:00",
            "2199-12-31T23:59:59.999999Z",
            "2200-01-01T00:00:00Z",
            "1969-12-31T23:59:59.999999Z",
            "0001-01-01T00:00:00+14:00",
            "10000-01-01T00:00:00Z",
            " 2026-11-20T15:30:05Z",
            "",
        ]
    ).map(quoted)
    | numbers
)
days = (
    st.sampled_from(
        [
            "2026-11-20",
            "2026-1-2",
            "20261120",
            "9999-12-31",
            "1969-12-31",
            "2199-12-31",
            "2200-01-01",
            "2026-02-29",
        ]
    ).map(quoted)
    | times
)
texts = st.text(max_size=40).map(quoted) | st.sampled_from(
    ['"a\tb"', '"\\u0000"', '"\\ud800"', '"\x7f"', '"\u202e"', '"IBM\\n"', '" "', '"\\/"', "7", "null"]
)
fields = {"price": numbers, "volume": numbers, "trading_day": days, "fetched_at": times, "quoted_at": times}
fields |= {name: texts for name in ("symbol", "source", "session", "event_id", "unknown")}
changes = st.lists(
    st.sampled_from(sorted(fields)).flatmap(lambda name: st.tuples(st.just(name), fields[name])), max_size=3
)


@settings(deadline=None)
@given(st.lists(changes, min_size=1, max_size=3))
@example([[("price", "1"), ("price", "2")]])
@example([[("unknown", "[" * 500 + "]" * 500)]])
@example([[(name, text)] for name in ("price", "open", "volume") for text in HUGE_EXPONENTS])
@example([[(name, quoted(text))] for name in ("price", "open", "volume") for text in HUGE_EXPONENTS])
def test_for_odd_records_both_ways_agree_and_what_they_take_is_parquet(
    rows: list[list[tuple[str, str]]],
) -> None:
    values = [with_fields(row) for row in rows]
    fast, slow = native(Quote, values), typed(Quote, values)
    if fast is not None:
        assert not slow.faults
        assert fast.arrays == slow.arrays
    held = Records(values, array("q", range(len(values))), array("q", [1] * len(values)))
    encoded = encode(Quote, held, "0" * 32, 0)
    assert encoded.rows + len(encoded.rejected) == len(values)
