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
hours = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda t: keys.hour_of(t.replace(tzinfo=UTC)))
offsets = st.integers(0, 2**63 - 1)


def test_key_of_the_design() -> None:
    assert str(KEY) == f"raw/stock-data/{TOPIC_ID}/partition=00003/dt=2026-11-20/hour=15/o00000000000000000042.parquet"


@given(hours, offsets)
def test_key_comes_back_as_it_was(hour: datetime, first: int) -> None:
    key = ObjectKey("stock-data", TOPIC_ID, 3, hour, first)
    assert keys.parse(str(key)) == key


@given(hours, offsets, st.integers(0, 48), st.integers(1, 1000))
def test_key_order_is_chain_order(hour: datetime, first: int, later: int, rows: int) -> None:
    """A next link starts later and its hour is never earlier."""
    assert str(ObjectKey("t", TOPIC_ID, 0, hour, first)) < str(ObjectKey("t", TOPIC_ID, 0, hour + timedelta(hours=later), first + rows))


@pytest.mark.parametrize(
    "text",
    [
        "raw/stock-data/x.parquet",
        str(KEY).replace("raw/", "other/"),
        str(KEY).replace("o0", "p0"),
        str(KEY).replace(".parquet", ".csv"),
        str(KEY).replace("hour=15", "hour=24"),
        str(KEY).replace("2026-11-20", "2026-02-30"),
        str(KEY).replace(TOPIC_ID, TOPIC_ID.upper()),
        str(KEY) + "\n",
    ],
)
def test_foreign_keys_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        keys.parse(text)


def test_link_comes_back_from_its_metadata() -> None:
    link = Link(KEY, last=51, rows=6, rejected=2, holes=1, lost=1, schema="stock-quote/1", leader_epoch=4)
    assert links.from_metadata(KEY, link.metadata()) == link


@pytest.mark.parametrize("change", [{"rows": "7"}, {"rows": "x"}, {"rejected": "-1", "rows": "9"}, {"last-offset": "41"}])
def test_metadata_that_does_not_add_up_is_refused(change: dict[str, str]) -> None:
    metadata = Link(KEY, last=51, rows=6, rejected=2, holes=1, lost=1).metadata()
    with pytest.raises(ValueError):
        links.from_metadata(KEY, {**metadata, **change})


def test_missing_metadata_is_refused() -> None:
    with pytest.raises(ValueError):
        links.from_metadata(KEY, {})
