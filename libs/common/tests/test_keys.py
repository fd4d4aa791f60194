from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stock_common import keys, links
from stock_common.keys import ObjectKey
from stock_common.links import Link

TOPIC_ID = "0123456789abcdef0123456789abcdef"
HOUR = datetime(2026, 11, 20, 15, tzinfo=UTC)
KEY = ObjectKey("stock-data", TOPIC_ID, 3, HOUR, 42)
hours = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(
    lambda t: keys.hour_of(t.replace(tzinfo=UTC))
)
offsets = st.integers(0, 2**63 - 1)


def test_key_of_the_design() -> None:
    assert (
        str(KEY)
        == f"raw/stock-data/{TOPIC_ID}/partition=00003/dt=2026-11-20/hour=15/o00000000000000000042.parquet"
    )


@given(hours, offsets)
def test_key_comes_back_as_it_was(hour: datetime, first: int) -> None:
    key = ObjectKey("stock-data", TOPIC_ID, 3, hour, first)
    assert keys.parse(str(key)) == key


@given(hours, offsets, st.integers(0, 48), st.integers(1, 1000))
def test_key_order_is_chain_order(hour: datetime, first: int, later: int, rows: int) -> None:
    """A next link starts later and its hour is never earlier."""
    assert str(ObjectKey("t", TOPIC_ID, 0, hour, first)) < str(
        ObjectKey("t", TOPIC_ID, 0, hour + timedelta(hours=later), first + rows)
    )


@pytest.mark.parametrize(
    "text",
    [
        "raw/stock-data/x.parquet",
        str(KEY).replace("raw/", "other/"),
        str(KEY).replace("o0", "p0"),
        str(KEY).replace(".parquet", ".csv"),
        str(KEY).replace("hour=15", "hour=24"),
        str(KEY).replace("2026-11-20", "2026-02-30"),
        str(KEY).replace("2026-11-20", "0999-11-20"),
        str(KEY).replace("2026-11-20", "2200-01-01"),
        str(KEY).replace(TOPIC_ID, TOPIC_ID.upper()),
        str(KEY).replace(f"{42:020d}", f"{2**63:020d}"),
        str(KEY).replace(f"{42:020d}", "0000000000000000004٢"),
        str(KEY) + "\n",
    ],
)
def test_foreign_keys_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        keys.parse(text)


def test_link_comes_back_from_its_metadata() -> None:
    link = Link(KEY, last=51, rows=6, rejected=2, holes=1, lost=1, schema="stock-quote/1", leader_epoch=4)
    assert links.from_metadata(KEY, link.metadata()) == link


@pytest.mark.parametrize(
    "change",
    [
        {"rows": "7"},
        {"rows": "x"},
        {"rejected": "-1", "rows": "9"},
        {"last-offset": "41"},
        {"last-offset": str(10**18), "lost": str(10**18 - 50)},
        {"last-offset": str(2**63 + 41), "lost": str(2**63 - 9)},
        {"last-offset": "9" * 401},
        {"last-offset": "9" * 5000},
        {"rows": " 6"},
        {"rows": "6_0"},
        {"rows": "٦"},
        {"rows": "6\n"},
        {"rows": ""},
        {"leader-epoch": "x" * 2000},
        {"schema": "s" * 2000},
        {"schema": "stock-quote/1\n"},
    ],
)
def test_metadata_that_does_not_add_up_is_refused(change: dict[str, str]) -> None:
    metadata = Link(KEY, last=51, rows=6, rejected=2, holes=1, lost=1).metadata()
    with pytest.raises(ValueError) as refused:
        links.from_metadata(KEY, {**metadata, **change})
    assert len(str(refused.value)) < 400 and str(refused.value).isprintable()


@given(
    st.dictionaries(
        st.sampled_from([*links.NUMBERS, "schema"]),
        st.integers(-(2**70), 2**70).map(str) | st.text(max_size=30) | st.just("9" * 5000),
    )
)
def test_whatever_the_metadata_say_it_is_a_link_that_every_stage_can_carry_or_refused(
    change: dict[str, str],
) -> None:
    metadata = Link(KEY, last=51, rows=6, rejected=2, holes=1, lost=1).metadata()
    try:
        link = links.from_metadata(KEY, metadata | change)
    except ValueError:
        return
    counts = (link.rows, link.rejected, link.holes, link.lost)
    assert sum(counts) == link.last - link.first + 1 <= links.SPAN_LIMIT and min(counts) >= 0
    assert links.from_metadata(KEY, link.metadata()) == link


def test_missing_metadata_is_refused() -> None:
    with pytest.raises(ValueError):
        links.from_metadata(KEY, {})


SHAPES = {
    "link": (keys.LINK, str(KEY).removeprefix(keys.partition_prefix(*KEY[:3]))),
    "partition": (keys.PARTITION_FOLDER, "partition=00003/"),
    "topic id": (keys.TOPIC_ID_FOLDER, f"{TOPIC_ID}/"),
}


@pytest.mark.parametrize(("shape", "text"), SHAPES.values(), ids=SHAPES)
def test_the_shapes_are_those_of_the_keys(shape: keys.Shape, text: str) -> None:
    assert len(shape) == len(text) and all(map(str.__contains__, shape, text))
    assert all(list(allowed) == sorted(allowed) for allowed in shape)


@pytest.mark.parametrize(
    ("last", "start"),
    [
        pytest.param(
            "dt=2026-11-20/hour=15/part-00999",
            "dt=2026-11-20/hour=16/o00000000000000000000.parque",
            id="after the links of an hour",
        ),
        pytest.param(
            "dt=2026-11-20/hour=15/_tmp/x",
            "dt=2026-11-20/hour=15/o00000000000000000000.parque",
            id="before the links of an hour",
        ),
        pytest.param(
            "dt=2026-11-20/notes.txt",
            "dt=2026-11-21/hour=00/o00000000000000000000.parque",
            id="after the hours of a day",
        ),
        pytest.param("_SUCCESS", "dt=0000-00-00/hour=00/o00000000000000000000.parque", id="before the days"),
        pytest.param("notes.txt", None, id="after all days"),
        pytest.param("dt=9999-99-99/hour=99/p", None, id="after the last hour"),
        pytest.param(
            "dt=2026-11-20/hour=15/o00000000000000000007.parquet",
            "dt=2026-11-20/hour=15/o00000000000000000008.parque",
            id="a link",
        ),
        pytest.param(
            "dt=2026-11-20/hour=15/o00000000000000000007.parques",
            "dt=2026-11-20/hour=15/o00000000000000000007.parques",
            id="just before a link",
        ),
    ],
)
def test_where_a_listing_goes_on(last: str, start: str | None) -> None:
    assert keys.next_start("p/", keys.LINK, f"p/{last}") == (start and f"p/{start}")


SMALL: keys.Shape = ("ab", "=", "01", "/", "x")
SMALL_TEXTS = [f"{a}={b}/x" for a in "ab" for b in "01"]


@given(st.text("ab=01/xyz-\U0001f600", max_size=7))
def test_a_listing_moves_forward_and_passes_over_nothing_of_its_shape(last: str) -> None:
    start = keys.next_start("", SMALL, last)
    left = [text for text in SMALL_TEXTS if text > last]
    if start is None:
        assert not left
    else:
        assert start >= last and left[0] > start
        between = [text for text in SMALL_TEXTS if last < text <= start]
        assert not between
