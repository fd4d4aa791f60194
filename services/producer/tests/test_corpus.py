"""Answers in the vendor's shapes (local/market/ANSWERS.md), and what the producer must make of each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from support.corpus import CORPUS
from support.look_alike import LookAlike, look_alike
from support.process import KEY
from support.world import START

from stock_producer.vendor.alphavantage.client import AlphaVantage
from stock_producer.vendor.alphavantage.endpoints import Endpoint
from stock_producer.vendor.alphavantage.plans import PLANS
from stock_producer.vendor.base import DAILY, Answer, Request
from stock_producer.vendor.kinds import Kind

FIELDS = {
    "name", "seen", "function", "symbols", "parameters", "plan", "status", "headers", "body",
    "quotes", "bars", "unread", "refusal", "may_be_day",
}  # fmt: skip
SEEN = re.compile(r"20\d\d-\d\d|undated|invented")


@pytest.fixture(scope="module")
def market() -> Iterator[LookAlike]:
    with look_alike(MARKET_PLAN="unlimited") as running:
        yield running


def ask(market: LookAlike, entry: dict[str, Any]) -> Answer:
    market.order(answer=entry["name"])
    request = Request(
        entry.get("function", "GLOBAL_QUOTE"),
        tuple(entry.get("symbols", ["IBM"])),
        tuple(entry.get("parameters", {}).items()),
    )
    source = AlphaVantage(market.url, KEY, PLANS[entry.get("plan", "1200")], 1, lambda: START)
    try:
        return source.fetch(request)
    finally:
        source.close()


@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry["name"]) for entry in CORPUS])
def test_each_answer_is_what_it_is(market: LookAlike, entry: dict[str, Any]) -> None:
    answer = ask(market, entry)
    refused = answer.refusal
    assert (refused and refused.kind.value) == entry.get("refusal"), refused
    assert bool(refused and refused.may_be_day) == entry.get("may_be_day", False)
    quotes = {seen.symbol: [str(seen.price), seen.freshness.value] for seen in answer.observed}
    assert quotes == entry.get("quotes", {})
    bars = {
        f"{bar.starts_at:%Y-%m-%d}{'' if bar.interval == DAILY else f' {bar.starts_at:%H:%M}'}": str(
            bar.close
        )
        for bar in answer.bars or ()
    }
    assert bars == entry.get("bars", {})
    if not refused:
        assert len(answer.unread) == entry.get("unread", 0)
    assert KEY not in str(refused)


def test_the_corpus_is_whole() -> None:
    names = [entry["name"] for entry in CORPUS]
    assert len(names) == len(set(names))
    assert [entry["name"] for entry in CORPUS if not SEEN.fullmatch(str(entry["seen"]))] == []
    assert [entry["name"] for entry in CORPUS if set(entry) - FIELDS] == []
    asked = {entry.get("function", "GLOBAL_QUOTE") for entry in CORPUS}
    assert asked == set(Endpoint) - {Endpoint.SEARCH}
    # A time-out is not an answer.
    assert {entry["refusal"] for entry in CORPUS if "refusal" in entry} == set(Kind) - {Kind.TIMEOUT}
