"""What the settings say and cannot mean."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from support.process import once

from stock_producer.alerts.engine import Watch
from stock_producer.alerts.rules.move import MoveAgainstClose
from stock_producer.alerts.rules.silence import Silence
from stock_producer.doubts import doubts
from stock_producer.vendor.alphavantage.plans import PLANS

MOVE = MoveAgainstClose(percent=Decimal(5))
SYMBOLS = ("AAPL", "BRK.B", "MBG.DEX")


@pytest.mark.parametrize(
    ("plan", "symbols", "watches", "found"),
    [
        pytest.param("150", SYMBOLS, [Watch(MOVE)], [], id="nothing"),
        pytest.param("free", SYMBOLS, [Watch(Silence(minutes=5))], ["silence", "end-of-day"], id="free plan"),
        pytest.param("150", SYMBOLS, [Watch(Silence(minutes=5))], [], id="a paid plan"),
        pytest.param(
            "150", SYMBOLS, [Watch(MOVE, frozenset({"MSFT"}))], ["MSFT", "not watched"], id="unwatched"
        ),
        pytest.param(
            "150", SYMBOLS, [Watch(MOVE, frozenset({"BRK-B"}))], ["write BRK.B"], id="another spelling"
        ),
        pytest.param("150", ("0700.HKG",), [Watch(MOVE)], ["0700.HKG", "never in bulk"], id="an exchange"),
    ],
)
def test_doubts(plan: str, symbols: tuple[str, ...], watches: list[Watch], found: list[str]) -> None:
    shown = doubts(PLANS[plan], symbols, "auto", watches)
    assert bool(shown) == bool(found)
    assert [words for words in found if words not in " ".join(shown)] == []


def test_plan_shows_them_and_makes_no_call(environment: dict[str, str], tmp_path: Path) -> None:
    rules = tmp_path / "alerts.yaml"
    rules.write_text("rules:\n- {type: move_against_close, percent: 5, symbols: [MSFT]}")
    variables = environment | {
        "SYMBOLS": "IBM,PETR4.SAO",
        "ALERTS_FILE": str(rules),
        "MARKET_CALENDAR": "auto",
    }
    shown = once(variables, "plan", "--json")
    found = json.loads(shown.stdout)
    assert found["calendars"] == {"XNYS": 1, "unknown": 1}
    assert [word for word in ("PETR4.SAO", "MSFT") if word not in " ".join(found["doubts"])] == []
    assert "Check" in once(variables, "plan").stdout


def test_a_blank_search_costs_nothing(environment: dict[str, str]) -> None:
    refused = once(environment, "symbols", "search", " ")
    assert (refused.returncode, "it is blank" in refused.stderr) == (2, True)
