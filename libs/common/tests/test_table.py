import pytest

from stock_common import table


@pytest.mark.parametrize(
    ("rows", "left", "expected"),
    [
        pytest.param(
            [("symbol", "rows"), ("AAPL", 12)], 1, ["symbol  rows", "AAPL      12"], id="text and number"
        ),
        pytest.param(
            [("a", "bb"), ("ccc", "d")], 2, ["a    bb", "ccc  d"], id="text only, no space at the end"
        ),
        pytest.param([("1", "22"), ("333", "4")], 0, ["  1  22", "333   4"], id="numbers only"),
        pytest.param([], 1, [], id="nothing"),
    ],
)
def test_lines(rows: list[tuple[object, ...]], left: int, expected: list[str]) -> None:
    assert table.lines(rows, left) == expected
    assert table.text(rows, left) == "\n".join(expected)


def test_rows_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        table.lines([("a", "b"), ("c",)])
