"""No row makes a view fail, and none stays the newest for ever. Run on DuckDB through fakesnow."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from duckdb_tables import Tables

pytestmark = pytest.mark.filterwarnings("ignore:Arrow output on a DB-API result")


@pytest.mark.parametrize(
    ("price", "close"),
    [
        (Decimal(999_999_999_999), Decimal("0.000001")),
        (Decimal("-999999999999.999999"), Decimal("0.000001")),
        (5, 0),
    ],
)
def test_a_percentage_that_fits_no_column_costs_no_reader_its_row(
    tables: Tables, price: Decimal, close: Decimal
) -> None:
    tables.quote(0, price, previous_close=close)
    tables.quote(0, 14, symbol="AAPL")
    assert tables.rows("LATEST_QUOTES", "symbol, change_percent") == [("AAPL", 75), ("IBM", None)]
    assert tables.rows("MOVERS", "symbol") == [("AAPL",)]


def test_a_day_in_the_future_freezes_no_symbol_and_is_counted(tables: Tables) -> None:
    tables.quote(0, 13, day=date(9999, 12, 31), quoted_at=None)
    tables.quote(0, 14)
    tables.quote(0, 15, symbol="AAPL")
    assert tables.rows("LATEST_QUOTES", "symbol, price") == [("AAPL", 15), ("IBM", 14)]
    assert len(tables.rows("MOVERS", "symbol")) == 2
    assert tables.rows("FUTURE_QUOTES", "symbol, row_count") == [("IBM", 1)]
