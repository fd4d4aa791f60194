from __future__ import annotations

import socket
from typing import Any

import pytest
from support.bodies import daily
from support.process import KEY, Server
from support.world import START

from stock_producer.vendor.alphavantage import client as alphavantage
from stock_producer.vendor.alphavantage.client import LONG, AlphaVantage, Patience
from stock_producer.vendor.alphavantage.endpoints import FULL, Endpoint
from stock_producer.vendor.alphavantage.plans import PLANS
from stock_producer.vendor.base import Answer, Request
from stock_producer.vendor.kinds import Kind

IBM = Request(Endpoint.GLOBAL_QUOTE, ("IBM",))


def fetch(url: str, request: Request = IBM, plan: str = "150") -> Answer:
    api = AlphaVantage(url, KEY, PLANS[plan], 2, lambda: START)
    try:
        return api.fetch(request)
    finally:
        api.close()


@pytest.mark.parametrize(
    ("plan", "entitlement"), [("free", None), ("75", ["delayed"]), ("150", ["realtime"])]
)
def test_parameters(server: Server, plan: str, entitlement: list[str] | None) -> None:
    answer = fetch(server.url, plan=plan)
    assert (answer.refusal, answer.arrived_at, [item.symbol for item in answer.observed]) == (
        None,
        START,
        ["IBM"],
    )
    [asked] = server.asked
    assert asked.pop("apikey") == [KEY]
    assert asked.pop("entitlement", None) == entitlement
    assert asked == {"function": ["GLOBAL_QUOTE"], "symbol": ["IBM"]}


def test_bulk_names_all_symbols(server: Server) -> None:
    fetch(server.url, Request(Endpoint.BULK, ("IBM", "BRK.B")))
    assert server.asked[0]["symbol"] == ["IBM,BRK.B"]


@pytest.mark.parametrize(
    ("reply", "kind", "retry_after"),
    [
        pytest.param((429, {"Retry-After": "17"}, b""), Kind.THROTTLED, 17.0, id="429 with Retry-After"),
        pytest.param(
            (429, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, b""),
            Kind.THROTTLED,
            None,
            id="429 with a date",
        ),
        pytest.param((503, {"Retry-After": "5"}, b"<html>"), Kind.SERVER, 5.0, id="503"),
        pytest.param(
            (302, {"Location": "http://127.0.0.1:1/"}, b""),
            Kind.UNREADABLE,
            None,
            id="a redirect is not followed",
        ),
        pytest.param((404, {}, b"{}"), Kind.UNREADABLE, None, id="404"),
        pytest.param((200, {}, b"<html>maintenance</html>"), Kind.UNREADABLE, None, id="HTML"),
        pytest.param(
            (200, {"Content-Length": "5000"}, b'{"Global Quote": {'), Kind.CONNECTION, None, id="cut off"
        ),
        pytest.param(
            (200, {"Content-Encoding": "gzip"}, b"no gzip"), Kind.CONNECTION, None, id="encoding is wrong"
        ),
        pytest.param((200, {}, b" " * (alphavantage.BODY_LIMIT + 1)), Kind.UNREADABLE, None, id="too long"),
        pytest.param(
            (
                200,
                {},
                f'{{"Information": "We have detected your API key as {KEY} and our standard API '
                'rate limit is 25 requests per day"}'.encode(),
            ),
            Kind.DAY,
            None,
            id="quota",
        ),
    ],
)
def test_refusals(
    server: Server, reply: tuple[int, dict[str, str], bytes], kind: Kind, retry_after: float | None
) -> None:
    server.reply = reply
    refusal = fetch(server.url).refusal
    assert refusal is not None
    assert (refusal.kind, refusal.retry_after) == (kind, retry_after)
    assert KEY not in repr(refusal) + str(refusal) + refusal.text + repr(refusal.__context__) + repr(
        refusal.__cause__
    )


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        pytest.param((302, {"Location": f"http://a/?apikey={KEY}"}, b""), "it points to http://a/", id="302"),
        pytest.param((403, {}, b"<p>Blocked by\n policy</p>"), "reads: <p>Blocked by policy</p>", id="403"),
        pytest.param(
            (403, {}, b"x" * 110 + KEY.encode()), "reads: x", id="the key at the end of what is shown"
        ),
        pytest.param((401, {"Content-Encoding": "gzip"}, b"no gzip"), "HTTP 401", id="401, unreadable"),
        pytest.param((200, {"Content-Length": "5000"}, b"{"), "the answer was cut off", id="cut off"),
    ],
)
def test_a_refusal_explains_itself(
    server: Server, reply: tuple[int, dict[str, str], bytes], words: str
) -> None:
    server.reply = reply
    refusal: Any = fetch(server.url).refusal
    assert words in refusal.text
    assert KEY[:5] not in refusal.text


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:1/query", "the connection was refused"),
        ("http://no-such-host.invalid/query", "the address cannot be resolved"),
    ],
)
def test_no_connection_in_words(url: str, words: str) -> None:
    refusal: Any = fetch(url).refusal
    assert words in refusal.text
    assert "object at 0x" not in refusal.text


def test_silence_is_a_timeout(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alphavantage, "QUICK", Patience(0.2, 10.0))
    server.release.clear()
    refusal: Any = fetch(server.url).refusal
    assert refusal.kind is Kind.TIMEOUT


def test_a_body_that_trickles_in_is_given_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alphavantage, "QUICK", Patience(8.0, -1.0))
    refusal: Any = fetch(server.url).refusal
    assert refusal.kind is Kind.TIMEOUT


def test_a_whole_series_has_more_time(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alphavantage, "QUICK", Patience(0.2, -1.0))
    server.reply = (200, {}, daily("IBM"))
    whole = fetch(server.url, Request(Endpoint.DAILY_ADJUSTED, ("IBM",), (FULL,)))
    assert (whole.refusal, len(whole.bars or [])) == (None, 3)
    assert LONG.read >= 60


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        refusal: Any = fetch(f"http://127.0.0.1:{taken.getsockname()[1]}/query").refusal
    assert refusal.kind is Kind.CONNECTION
    assert KEY not in refusal.text
