"""Prices have a currency, and no page ranks or multiplies across currencies without saying so."""

from __future__ import annotations

from datetime import UTC

import pytest
import samples
from samples import NOW

from stock_dashboard.data import movers
from stock_dashboard.data.row import Row
from stock_dashboard.pages.compare import units
from stock_dashboard.pages.movers import foot
from stock_dashboard.pages.quote_head import quote_head
from stock_dashboard.ui.table import with_units


def row(symbol: str, price: str, currency: str | None) -> Row:
    quote = samples.quote(symbol, price, currency=currency)
    return Row.of({name: getattr(quote, name) for name in quote.__struct_fields__})


ROWS = [row("IBM", "250", "USD"), row("AAPL", "301", "USD"), row("TSCO.LON", "412", "GBX")]


def test_the_most_active_are_compared_within_one_currency_and_the_page_says_so() -> None:
    found = movers.ranked(ROWS)
    assert [item.symbol for item in found.active] == ["AAPL", "IBM"]
    assert (found.currency, found.elsewhere) == ("USD", 1)
    assert "the symbols in USD, since nothing is converted: 1 have another one" in foot(3, found)
    # A percentage has no currency.
    assert [item.symbol for item in found.gainers] == ["TSCO.LON", "AAPL", "IBM"]
    assert {item["currency"] for item in movers.file_rows(found)} == {"USD", "GBX"}
    assert "converted" not in foot(2, movers.ranked(ROWS[:2]))


def test_quotes_from_before_the_field_are_ranked_as_ever() -> None:
    found = movers.ranked([row("IBM", "250", None), row("AAPL", "301", None)])
    assert [item.symbol for item in found.active] == ["AAPL", "IBM"]
    assert (found.currency, found.elsewhere) == (None, 0)


def test_pence_stand_next_to_the_price() -> None:
    shown = quote_head(ROWS[2], UTC, NOW)
    assert '412.00</span><span class="sd-mute">GBX</span>' in shown
    assert "None" not in quote_head(row("IBM", "250", None), UTC, NOW)


def test_a_table_of_several_currencies_has_units_and_one_of_one_has_not() -> None:
    cells = [item.cells() for item in ROWS]
    assert [item["unit"] for item in with_units(cells)] == ["USD", "USD", "GBX"]
    assert with_units(cells[:2]) == cells[:2]
    hostile = [*cells, row("X", "1", "<b>").cells(), row("Y", "1", None).cells()]
    assert [item["unit"] for item in with_units(hostile)][3:] == ["b", ""]


@pytest.mark.parametrize(
    ("symbols", "parts"),
    [
        (["IBM", "BRK.B"], []),
        (["IBM", "TSCO.LON"], ["prices are not converted: IBM in USD, TSCO.LON in GBX"]),
        (["IBM", "X.QQQ"], ["prices are not converted: IBM in USD, X.QQQ in an unknown currency"]),
    ],
)
def test_a_comparison_says_that_prices_are_in_several_currencies(
    symbols: list[str], parts: list[str]
) -> None:
    assert units(symbols) == parts
