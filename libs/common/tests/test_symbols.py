from datetime import UTC, datetime

import pytest

from stock_common import symbols
from stock_common.domain import BadMessage
from stock_common.records import Quote, decode, encode


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AAPL", True),
        ("BRK.B", True),
        ("BRK-B", True),
        ("000002.SHZ", True),
        ("A" * 32, True),
        ("A" * 33, False),
        ("aapl", False),
        ("", False),
        (".A", False),
        ("AAPL\n", False),
        ("A B", False),
        ("É", False),
    ],
)
def test_pattern(text: str, expected: bool) -> None:
    assert symbols.is_symbol(text) is expected
    assert _is_taken_by_the_contract(text) is expected


def _is_taken_by_the_contract(symbol: str) -> bool:
    now = datetime(2026, 11, 27, 15, tzinfo=UTC)
    quote = Quote(
        event_id="0" * 36,
        symbol=symbol,
        price=1,  # type: ignore[arg-type]
        trading_day=now.date(),
        fetched_at=now,
        source="test",
        endpoint="test",
    )
    try:
        decode(encode(quote), Quote)
    except BadMessage:
        return False
    return True


def test_split() -> None:
    assert symbols.split("AAPL, msft\n\tAAPL,,TSCO.LON # Tesco, London\n# all\nIBM") == (
        "AAPL",
        "MSFT",
        "TSCO.LON",
        "IBM",
    )
    assert symbols.split(" # none") == ()


def test_check_names_every_wrong_one_and_cuts_it() -> None:
    symbols.check(["AAPL", "BRK.B"])
    with pytest.raises(ValueError, match=rf"^not symbols: a b, {'X' * 40}$"):
        symbols.check(["AAPL", "a b", "X" * 50])
