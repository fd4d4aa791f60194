"""The command `doctor`: what it says, what it costs, and when it exits with 0."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.bodies import daily, global_quote
from support.look_alike import LookAlike, look_alike
from support.process import KEY, once
from support.simulation import HOURS, at

from stock_producer.alerts.engine import Watch
from stock_producer.alerts.rules.move import MoveAgainstClose
from stock_producer.alerts.rules.window import MoveWithin
from stock_producer.doctor.command import examine, is_well
from stock_producer.doctor.findings import MOST_CALLS, Finding, Setup, of_tomorrow, requests
from stock_producer.schedule.budget import Budget
from stock_producer.schedule.usage_db import UsageFile
from stock_producer.vendor.alphavantage.bars import bars
from stock_producer.vendor.alphavantage.endpoints import SERIES
from stock_producer.vendor.alphavantage.plans import PLANS
from stock_producer.vendor.alphavantage.quotes import observations
from stock_producer.vendor.alphavantage.settings import DESCRIPTION
from stock_producer.vendor.base import Answer, Freshness, Request
from stock_producer.vendor.kinds import FATAL, Kind, Refusal

NOW = at("2026-11-23T15:00:00")
MOVE = Watch(MoveAgainstClose(percent=Decimal(5)))
WITHIN = Watch(MoveWithin(percent=Decimal(2), minutes=10))


def setup(plan: str, *symbols: str) -> Setup:
    return Setup(PLANS[plan], symbols, "auto", HOURS, DESCRIPTION)


class Vendor:
    """Answers as the plan does. `offset`: its clock against ours."""

    def __init__(
        self, plan: str, refusal: Refusal | None = None, top: str = "Global Quote", offset: float = 0.4
    ) -> None:
        self._freshness: Freshness = PLANS[plan].freshness
        self._refusal, self._top, self._offset = refusal, top, offset
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> Answer:
        self.asked.append(request)
        answer = Answer(request, NOW, 0.1, [], None, sent_at=NOW + timedelta(seconds=self._offset))
        if self._refusal:
            return answer._replace(refusal=self._refusal)
        if request.endpoint in SERIES:
            return answer._replace(bars=bars(request, daily(request.symbols[0]), lambda _text: None))
        body = global_quote(request.symbols[0], top=self._top)
        return answer._replace(observed=observations(request, body, self._freshness, lambda _text: None))


def findings(
    tmp_path: Path, plan: str, vendor: Vendor, *watches: Watch, symbols: tuple[str, ...] = ("IBM", "AAPL")
) -> list[Finding]:
    now = [NOW]
    budget = Budget(PLANS[plan], UsageFile(tmp_path / "budget.sqlite"), NOW)

    def sleep(seconds: float) -> None:
        now[0] += timedelta(seconds=seconds)

    return examine(setup(plan, *symbols), watches or (MOVE,), vendor, budget, lambda: now[0], sleep)


@pytest.mark.parametrize("plan", ["free", "75"])
def test_all_is_well(tmp_path: Path, plan: str) -> None:
    vendor = Vendor(plan, top="Global Quote - DATA DELAYED BY 15 MINUTES" if plan == "75" else "Global Quote")
    found = findings(tmp_path, plan, vendor)
    assert [finding for finding in found if finding.ok is False] == []
    assert is_well(found)
    assert {finding.part for finding in found} == {
        "Key", "Calls", "Clock", "Exchange", "Rule", "Tomorrow",
    }  # fmt: skip
    assert len(vendor.asked) == 2


@pytest.mark.parametrize(
    ("plan", "vendor", "watch", "text"),
    [
        pytest.param("free", lambda: Vendor("free"), WITHIN, "move-within never fires", id="a rule is idle"),
        pytest.param(
            "75",
            lambda: Vendor("75"),
            MOVE,
            "its data are end of day, plan 75 has delayed",
            id="a lesser key",
        ),
        pytest.param(
            "free", lambda: Vendor("free", offset=-300.0), MOVE, "300 s later than the source", id="clock"
        ),
        pytest.param(
            "free",
            lambda: Vendor("free", Refusal(Kind.DAY, "25 requests per day")),
            MOVE,
            "the budget has no call before Tue 24 Nov 05:00:00 UTC",
            id="no calls",
        ),
        pytest.param(
            "free",
            lambda: Vendor("free", Refusal(Kind.SYMBOL, "Invalid API call.")),
            MOVE,
            "TIME_SERIES_DAILY IBM: Alpha Vantage does not know it.",
            id="an unknown symbol",
        ),
        *(
            pytest.param(
                "free", lambda kind=kind: Vendor("free", Refusal(kind, "no")), MOVE, "says: no", id=kind
            )
            for kind in sorted(FATAL)
        ),
    ],
)
def test_what_is_not_well(
    tmp_path: Path, plan: str, vendor: Callable[[], Vendor], watch: Watch, text: str
) -> None:
    asked = vendor()
    found = findings(tmp_path, plan, asked, watch)
    assert not is_well(found)
    assert [finding for finding in found if finding.ok is False and text in finding.text]
    assert len(asked.asked) <= MOST_CALLS


def test_the_calls_are_the_plans_own_and_three_at_most() -> None:
    symbols = [f"S{number}" for number in range(120)] + ["TSCO.LON", "MBG.DEX", "SHOP.TRT"]
    found = requests(PLANS["1200"], symbols)
    assert [(request.endpoint, len(request.symbols)) for request in found] == [
        ("REALTIME_BULK_QUOTES", 100),
        ("GLOBAL_QUOTE", 1),
        ("GLOBAL_QUOTE", 1),
    ]
    assert [request.endpoint for request in requests(PLANS["free"], symbols)] == ["TIME_SERIES_DAILY"] * 3
    assert len(requests(PLANS["150"], ["IBM"])) == 2


@pytest.mark.parametrize(
    ("plan", "now", "text"),
    [
        pytest.param(
            "free",
            "2026-11-23T15:00:00",
            "1 of XNYS: the bar of Mon 23 Nov, there from Mon 23 Nov 21:30 UTC on",
            id="free",
        ),
        pytest.param(
            "1200",
            "2026-11-23T15:00:00",
            "1 of XNYS: the closing price of Mon 23 Nov, there from Mon 23 Nov 21:01 UTC on",
            id="closed in the morning",
        ),
    ],
)
def test_tomorrow_in_berlin(plan: str, now: str, text: str) -> None:
    moment: datetime = at(now)
    [found] = of_tomorrow(setup(plan, "IBM"), moment, moment.astimezone(ZoneInfo("Europe/Berlin")))
    assert found.text == text


def variables(environment: dict[str, str], market: LookAlike, **changed: str) -> dict[str, str]:
    kept = {name: value for name, value in environment.items() if not name.startswith("ALPHA_VANTAGE_")}
    return kept | {"ALPHA_VANTAGE_URL": market.url, "ALPHA_VANTAGE_API_KEY": KEY} | changed


def test_against_the_look_alike(environment: dict[str, str]) -> None:
    with look_alike(MARKET_PLAN="free") as market:
        settings = variables(environment, market, SYMBOLS="IBM,TSCO.LON", MARKET_CALENDAR="auto")
        shown = once(settings, "doctor")
        assert shown.returncode == 0, shown.stdout + shown.stderr
        assert "The pipeline will do what the settings say." in shown.stdout
        assert "London (XLON): TSCO.LON" in shown.stdout
        assert market.answered() == 2
        wrong = once(settings | {"ALPHA_VANTAGE_PLAN": "150"}, "doctor", "--json")
        assert wrong.returncode == 1
        report = json.loads(wrong.stdout)
        assert report["ok"] is False
        assert [finding for finding in report["findings"] if finding["part"] == "Key" and not finding["ok"]]
        refused = once(settings | {"ALPHA_VANTAGE_API_KEY": "invalid"}, "doctor")
        assert (refused.returncode, "Check ALPHA_VANTAGE_API_KEY" in refused.stdout) == (1, True)
        assert KEY not in shown.stdout + shown.stderr + wrong.stdout + wrong.stderr
