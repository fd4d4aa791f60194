"""The HTTP server: /query answers as the vendor does, /control has faults and counts, /healthz health."""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qsl

from pydantic import ValidationError

from stock_market.answers import JSON, Answer, Request, answer, body
from stock_market.clock import CalendarEnd, local
from stock_market.faults import Faults, Kind, Order
from stock_market.limits import Limit, Limits, Plan
from stock_market.odd_rows import odd
from stock_market.recorded import Recorded
from stock_market.refusals import Refused, bad_key, demo_key, over_limit
from stock_market.series import FUNCTIONS
from stock_market.tape import Tape

HTML = "text/html; charset=utf-8"
_ERROR_PAGE = (
    "<html><head><title>Server Error (500)</title></head><body><h1>Server Error (500)</h1></body></html>"
)
_OTHER_PAGE = (
    "<!DOCTYPE html><html><head><title>Just a moment...</title></head>"
    "<body>Checking your browser.</body></html>"
)
CONTROL_BYTES = 10_000
IDLE_SECONDS = 75
"""A connection that is idle for so long is closed."""


class Market:
    """The look-alike without HTTP. `now` is the market's time, in milliseconds since 1970 UTC."""

    def __init__(
        self, tape: Tape, plan: Plan, now: Callable[[], int], limits: Limits, faults: Faults
    ) -> None:
        self._tape = tape
        self._plan = plan
        self._now = now
        self._limits = limits
        self.faults = faults
        self._calls: Counter[tuple[str, str, str]] = Counter()
        self._lock = threading.Lock()

    def query(self, params: Mapping[str, str], fault: Kind | None) -> Answer:
        """The answer to a call of /query. `fault` may be one of the vendor's refusals. Raises CalendarEnd."""
        key, outcome = params.get("apikey", "").strip(), "answered"
        try:
            self._admit(key, fault)
            return (
                Answer("{}")
                if fault is Kind.EMPTY
                else answer(Request(params, self._plan, self._tape, self._now()), FUNCTIONS)
            )
        except Refused as refused:
            outcome = "refused"
            return body(refused.body)
        finally:
            self.count(params, fault or outcome)

    def count(self, params: Mapping[str, str], outcome: str) -> None:
        with self._lock:
            self._calls[params.get("apikey", "").strip(), params.get("function", ""), outcome] += 1

    def _admit(self, key: str, fault: Kind | None) -> None:
        if not key or key == "invalid" or fault is Kind.INVALID_KEY:
            raise Refused(bad_key())
        if key == "demo":
            raise Refused(demo_key())
        limit = Limit(fault) if fault in set(Limit) else self._limits.refuse(key)
        if limit is not None:
            raise Refused(over_limit(limit, self._plan, key))

    def state(self) -> dict[str, Any]:
        """The answer to GET /control."""
        with self._lock:
            calls = [
                {"apikey": key, "function": function, "outcome": outcome, "calls": n}
                for (key, function, outcome), n in self._calls.items()
            ]
        return {
            "plan": self._plan.name,
            "calendar": self._tape.calendar.name,
            "market_time": local(self._now()).isoformat(timespec="milliseconds"),
            "latency_ms": self.faults.latency_ms,
            "faults": self.faults.state(),
            "calls": calls,
            "keys": self._limits.used(),
        }


class MarketServer(ThreadingHTTPServer):
    """Listens on `host:port` (0: any free port). Raises OSError when it cannot."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, host: str, port: int, market: Market) -> None:
        self.market = market
        self.closing = threading.Event()
        super().__init__((host, port), Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignores a client that closed its connection."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection, which may carry many requests."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = -1

    @property
    def _served(self) -> MarketServer:
        return cast(MarketServer, self.server)

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        match path:
            case "/query":
                self._query(dict(parse_qsl(query, keep_blank_values=True)))
            case "/control":
                self._control()
            case "/healthz":
                self._send(200, "text/plain; charset=utf-8", b"ok\n")
            case _:
                self._send(404, HTML, b"<h1>Not Found</h1>\n")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self.path != "/control" or not length.isdigit() or int(length) > CONTROL_BYTES:
            self.close_connection = True
            return self._send(404, HTML, b"<h1>Not Found</h1>\n")
        try:
            order = Order.model_validate_json(self.rfile.read(int(length)))
        except ValidationError as error:
            faults = [
                f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}" for fault in error.errors()
            ]
            return self._send(400, JSON, json.dumps({"error": "; ".join(faults)}).encode())
        self._served.market.faults.order(order)
        self._control()

    def do_DELETE(self) -> None:
        if self.path != "/control":
            return self._send(404, HTML, b"<h1>Not Found</h1>\n")
        self._served.market.faults.clear()
        self._control()

    def _control(self) -> None:
        self._send(200, JSON, json.dumps(self._served.market.state(), indent=2).encode())

    def _query(self, params: dict[str, str]) -> None:
        market = self._served.market
        self._served.closing.wait(market.faults.latency_ms / 1000)
        fault, recorded, hold = market.faults.meet(params.get("function", ""))
        self._served.closing.wait(hold)
        if recorded is not None:
            market.count(params, "recorded")
            return self._replay(recorded)
        try:
            answered = market.query(params, fault)
        except CalendarEnd as end:
            return self._send(500, "text/plain; charset=utf-8", f"{end}\n".encode())
        content = answered.body.encode()
        match fault:
            case Kind.TIMEOUT:
                self.close_connection = True
            case Kind.HTTP_500:
                self._send(500, HTML, _ERROR_PAGE.encode())
            case Kind.HTML:
                self._send(200, HTML, _OTHER_PAGE.encode())
            case Kind.TRUNCATED:
                self.close_connection = True
                self._send(200, answered.kind, content[: len(content) // 2], length=len(content))
            case Kind.ODD_ROWS:
                self._send(200, answered.kind, odd(content))
            case _:
                self._send(200, answered.kind, content)

    def _replay(self, recorded: Recorded) -> None:
        """An answer of the corpus as it is, also where its length is a lie."""
        self.send_response(recorded.status)
        for name, value in {"Content-Length": str(len(recorded.content)), **recorded.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(recorded.content)
        self.wfile.flush()
        self.close_connection = self.close_connection or "Content-Length" in recorded.headers

    def _send(self, status: int, kind: str, content: bytes, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Logs nothing: GET /control has the counts."""
