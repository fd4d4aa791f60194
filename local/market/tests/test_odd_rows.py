"""Every third row of a bulk answer is odd, and the others stay."""

from __future__ import annotations

import json

from stock_market.odd_rows import odd

ROWS = [{"symbol": f"S{number}", "close": "1.5", "timestamp": "2026-11-23 10:00:00"} for number in range(9)]


def test_every_third_row_is_odd_and_the_others_stay() -> None:
    changed = json.loads(odd(json.dumps({"message": "success", "data": ROWS}).encode()))["data"]
    assert [place for place in range(9) if changed[place] != ROWS[place]] == [0, 3, 6]


def test_another_body_stays_as_it_is() -> None:
    for body in (b"{}", b"<html>", b"[1]", b'{"data": 7}'):
        assert odd(body) == body
