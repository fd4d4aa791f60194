"""Files for spreadsheets: no text becomes a formula."""

from __future__ import annotations

import pyarrow as pa
import pytest

from stock_dashboard.pages import download


@pytest.mark.parametrize(
    "words",
    [
        "=1+1",
        "+1",
        "-1+2",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "'=1",
        '"=1',
        "\uff1d1",
        "\uff0b1",
        "\u22121",
        "|cmd",
        "%x",
    ],
)
def test_a_text_that_a_spreadsheet_would_calculate_is_shown_as_text(words):
    written = download.csv(pa.table({"message": [words], "price": [-1.5]})).decode()
    assert written.split("\n", 1)[1].startswith(("\"'", "'"))
    assert "-1.5" in written


@pytest.mark.parametrize("words", ["IBM", "rises 5 %", "a=b", "3-4", "BRK-B", ""])
def test_other_text_stays_as_it_is(words):
    assert f'"{words}"' in download.csv(pa.table({"message": [words]})).decode()
