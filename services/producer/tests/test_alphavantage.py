from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import START, global_quote

from stock_producer import alphavantage
from stock_producer.alphavantage import AlphaVantage, Answer
from stock_producer.plans import PLANS
from stock_producer.refusals import Kind
from stock_producer.responses import Endpoint, Request

KEY = "K3YTHATMUSTNOTSHOW"
IBM = Request(Endpoint.GLOBAL_QUOTE, ("IBM",))


class Server(ThreadingHTTPServer):
    """Answers each GET with what `reply` says: status, headers, body."""

    daemon_threads = True

    def __init__(self) -> None:
        self.asked: list[dict[str, list[str]]] = []
        self.reply: tuple[int, dict[str, str], bytes] = (200, {}, global_quote("IBM"))
        self.release = threading.Event()
        self.release.set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(parse_qs(urlsplit(self.path).query))
                outer.release.wait(5)
                status, headers, body = outer.answer()
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

            def handle(self) -> None:
                with contextlib.suppress(ConnectionError):
                    super().handle()

        super().__init__(("127.0.0.1", 0), Handler)

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        return self.reply

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/query"


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.release.set()
    made.shutdown()
    made.server_close()
    thread.join(5)


def fetch(url: str, request: Request = IBM, plan: str = "150") -> Answer:
    api = AlphaVantage(url, KEY, PLANS[plan], 2, lambda: START)
    try:
        return api.fetch(request)
    finally:
        api.close()


@pytest.mark.parametrize(("plan", "entitlement"), [("free", None), ("75", ["delayed"]), ("150", ["realtime"])])
def test_parameters(server: Server, plan: str, entitlement: list[str] | None) -> None:
    answer = fetch(server.url, plan=plan)
    assert (answer.refusal, answer.arrived_at, [item.symbol for item in answer.observed]) == (None, START, ["IBM"])
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
        pytest.param((429, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, b""), Kind.THROTTLED, None, id="429 with a date"),
        pytest.param((503, {"Retry-After": "5"}, b"<html>"), Kind.SERVER, 5.0, id="503"),
        pytest.param((302, {"Location": "http://127.0.0.1:1/"}, b""), Kind.UNREADABLE, None, id="a redirect is not followed"),
        pytest.param((404, {}, b"{}"), Kind.UNREADABLE, None, id="404"),
        pytest.param((200, {}, b"<html>maintenance</html>"), Kind.UNREADABLE, None, id="HTML"),
        pytest.param((200, {"Content-Length": "5000"}, b'{"Global Quote": {'), Kind.CONNECTION, None, id="cut off"),
        pytest.param((200, {"Content-Encoding": "gzip"}, b"no gzip"), Kind.CONNECTION, None, id="encoding is wrong"),
        pytest.param((200, {}, b" " * (alphavantage.BODY_LIMIT + 1)), Kind.UNREADABLE, None, id="too long"),
        pytest.param((200, {}, f'{{"Information": "detected your API key as {KEY} and 25 requests per day"}}'.encode()), Kind.DAY, None, id="quota"),
    ],
)
def test_refusals(server: Server, reply: tuple[int, dict[str, str], bytes], kind: Kind, retry_after: float | None) -> None:
    server.reply = reply
    refusal = fetch(server.url).refusal
    assert refusal is not None
    assert (refusal.kind, refusal.retry_after) == (kind, retry_after)
    assert KEY not in repr(refusal) + str(refusal) + refusal.text + repr(refusal.__context__) + repr(refusal.__cause__)


def test_silence_is_a_timeout(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alphavantage, "READ_SECONDS", 0.2)
    server.release.clear()
    refusal: Any = fetch(server.url).refusal
    assert refusal.kind is Kind.TIMEOUT


def test_a_body_that_trickles_in_is_given_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alphavantage, "TOTAL_SECONDS", -1.0)
    refusal: Any = fetch(server.url).refusal
    assert refusal.kind is Kind.TIMEOUT


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        refusal: Any = fetch(f"http://127.0.0.1:{taken.getsockname()[1]}/query").refusal
    assert refusal.kind is Kind.CONNECTION
    assert KEY not in refusal.text
