from __future__ import annotations

import io
import json

import pytest

from stock_common import table
from stock_common.printable import printable, say, visible


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param("Björk · 日本 \\u", "Björk · 日本 \\u", id="text of people stays"),
        pytest.param("\x1b[2J\x1b]0;title\x07", "\\u001b[2J\\u001b]0;title\\u0007", id="escapes"),
        pytest.param("\x9b31m\x7f\x00", "\\u009b31m\\u007f\\u0000", id="controls of one byte"),
        pytest.param("IBM\n2 rows\r\t", "IBM\\n2 rows\\r\\t", id="ends of lines"),
        pytest.param("a\u2028b\u2029c\x85d", "a\\u2028b\\u2029c\\u0085d", id="ends of lines of Unicode"),
        pytest.param("\u202eMBI\u2066", "\\u202eMBI\\u2066", id="direction"),
        pytest.param("I\u200bBM\ufeff", "I\\u200bBM\\ufeff", id="no width"),
        pytest.param("\udc80\U000e0041", "\\udc80\\udb40\\udc41", id="no character, and an invisible one"),
        pytest.param(12.5, "12.5", id="a number"),
    ],
)
def test_printable(value: object, shown: str) -> None:
    assert printable(value) == shown


def test_a_value_is_cut_where_it_is_too_long() -> None:
    assert printable("x" * 200) == "x" * 200
    assert printable("x" * 2_000_000) == "x" * 199 + "…"
    assert printable("\x1b" * 100, most=10) == "\\u001b\\u0" + "…"


def test_lines_stay_lines_and_json_stays_json() -> None:
    document = {"text": "\x9b\u202e\U000e0041"}
    shown = visible(json.dumps(document, ensure_ascii=False, indent=2))
    assert shown.isascii()
    assert json.loads(shown) == document
    out = io.StringIO()
    say(shown, out)
    assert out.getvalue() == f"{shown}\n"


def test_a_table_of_hostile_cells_keeps_its_lines() -> None:
    rows = [("symbol", "name"), ("IBM\n\x1b[1A", "\u202e" + "x" * 100_000)]
    lines = table.lines(rows, left=2)
    assert len(lines) == 2
    assert all(line.isprintable() and len(line) < 250 for line in lines)
