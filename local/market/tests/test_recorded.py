"""Answers of the corpus and schedules of them, over real HTTP."""

from __future__ import annotations

import http.client
import json
from typing import Any

import pytest

from stock_market.__main__ import assemble
from stock_market.config import MarketSettings
from stock_market.faults import Kind, Order
from stock_market.recorded import answers, schedules


@pytest.mark.parametrize("name", answers())
def test_each_answer_of_the_corpus_goes_out_as_it_is(client: Any, name: str) -> None:
    assert client.send("POST", "/control", {"answer": name})[0] == 200
    recorded = answers()[name]
    if "Content-Length" in recorded.headers:
        with pytest.raises(http.client.IncompleteRead):
            client.query()
    else:
        kind = recorded.headers["Content-Type"]
        assert client.query() == (recorded.status, kind, recorded.content)
    assert json.loads(client.query()[2])["endpoint"] == "Global Market Open & Close Status"


def test_an_answer_that_is_not_in_the_corpus_is_refused(client: Any) -> None:
    status, _, content = client.send("POST", "/control", {"answer": "a poem"})
    assert (status, b"a poem" in content) == (400, True)


@pytest.mark.parametrize("name", schedules())
def test_each_schedule_can_be_ordered(name: str) -> None:
    orders = [Order.model_validate(order) for order in schedules()[name]]
    assert all(order.fault or order.answer for order in orders)


def test_a_schedule_from_the_start_on() -> None:
    settings = MarketSettings(market_plan="free", market_schedule="free key in December 2025")
    market = assemble(settings)
    met = [market.faults.meet("TIME_SERIES_DAILY") for _ in range(5)]
    assert [bool(each.recorded) for each in met] == [True, True, False, True, False]
    assert b"sparingly" in met[0].recorded.content and met[2].kind is Kind.TIMEOUT
