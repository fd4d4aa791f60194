from __future__ import annotations

from pathlib import Path

import pytest
from market import look_alike
from test_process import environment, once, server

from stock_producer.refusals import Refusal
from stock_producer.search import matches, table

__all__ = ["environment", "server"]


def test_a_search_is_one_call(environment: dict[str, str], tmp_path: Path) -> None:
    with look_alike(MARKET_PLAN="free") as market:
        variables = {name: value for name, value in environment.items() if not name.startswith(("ALPHA_VANTAGE_", "SYMBOLS"))}
        variables |= {"ALPHA_VANTAGE_URL": market.url, "ALPHA_VANTAGE_API_KEY": "any"}
        told = once(variables, "symbols", "search", "tesco")
        assert (told.returncode, told.stdout.split()[:2]) == (0, ["TSCO.LON", "Tesco"]), told.stderr
        assert market.answered() == 1
        refused = once(variables | {"ALPHA_VANTAGE_API_KEY": "invalid"}, "symbols", "search", "tesco")
        assert (refused.returncode, "Check ALPHA_VANTAGE_API_KEY" in refused.stderr) == (1, True)


def test_nothing_found() -> None:
    assert table(matches(b'{"bestMatches": []}')) == "Nothing matches."
    with pytest.raises(Refusal):
        matches(b"{}")
