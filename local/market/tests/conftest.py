"""A market whose time the test sets, alone and over HTTP."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from stock_market.bars import DailyBars
from stock_market.clock import NEW_YORK, around_the_clock, new_york_exchange
from stock_market.faults import Faults
from stock_market.limits import PLANS, Limits
from stock_market.server import Market, MarketServer
from stock_market.tape import Tape

LAST_YEAR = 2027


class Bench:
    """A Market at a time that the test chooses, asked by keyword arguments."""

    def __init__(self, tape: Tape, plan: str, now: str) -> None:
        self.move(now)
        self.second = 1000.0
        self.day = date(2026, 11, 24)
        self.faults = Faults(lambda: self.second)
        limits = Limits(PLANS[plan], lambda: self.second, lambda: self.day)
        self.market = Market(tape, PLANS[plan], lambda: self.instant, limits, self.faults)

    def move(self, now: str) -> None:
        """To New York's local time."""
        self.instant = int(datetime.fromisoformat(now).replace(tzinfo=NEW_YORK).timestamp() * 1000)

    def text(self, function: str, **params: str) -> str:
        return self.market.query({"function": function, "apikey": "key", **params}, None).body

    def ask(self, function: str, **params: str) -> Any:
        return json.loads(self.text(function, **params))


@pytest.fixture(scope="session")
def new_bench() -> Callable[..., Bench]:
    """Makes benches. They share one tape for each calendar: it holds only what can be computed again."""
    calendars = {"24/7": around_the_clock(LAST_YEAR), "XNYS": new_york_exchange(LAST_YEAR)}
    tapes = {name: Tape(calendar, DailyBars(calendar.days)) for name, calendar in calendars.items()}
    return lambda calendar="24/7", plan="unlimited", now="2026-11-24T12:00:00": Bench(
        tapes[calendar], plan, now
    )


class Client:
    """One kept-alive connection; a new one after it broke."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)

    def send(self, method: str, path: str, body: Any = None) -> tuple[int, str, bytes]:
        try:
            self._connection.request(method, path, None if body is None else json.dumps(body))
            response = self._connection.getresponse()
            return response.status, response.headers["Content-Type"], response.read()
        except BaseException:
            self._connection.close()
            raise

    def query(self, **params: str) -> tuple[int, str, bytes]:
        return self.send(
            "GET", "/query?" + urlencode({"apikey": "key", "function": "MARKET_STATUS", **params})
        )

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def new_client() -> type[Client]:
    return Client


@pytest.fixture
def bench(new_bench: Callable[..., Any]) -> Any:
    return new_bench()


@pytest.fixture
def client(bench: Any) -> Iterator[Client]:
    server = MarketServer("127.0.0.1", 0, bench.market)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    client = Client(server.server_address[1])
    yield client
    client.close()
    server.closing.set()
    server.shutdown()
    thread.join(5)
    server.server_close()
