"""The adapter to Alpha Vantage's HTTP API. Everything it returns or raises is free of the key."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from typing import NamedTuple

import requests
from requests.adapters import HTTPAdapter

from stock_common.redaction import Redactor
from stock_producer.plans import Plan
from stock_producer.refusals import Kind, Refusal
from stock_producer.responses import Endpoint, Observed, Request, observations
from stock_producer.search import Match, matches
from stock_producer.series import SERIES, SeriesBar, bars

CONNECT_SECONDS = 5.0
READ_SECONDS = 8.0
TOTAL_SECONDS = 10.0
"""From the request to the last byte: a body that trickles in is given up too."""
BODY_LIMIT = 4_000_000
_CHUNK = 65_536


class Answer(NamedTuple):
    """What came back, and when (aware). Either observations, possibly of fewer symbols than asked for, or bars, or a refusal."""

    request: Request
    arrived_at: datetime
    seconds: float
    observed: list[Observed]
    refusal: Refusal | None
    bars: list[SeriesBar] | None = None


class AlphaVantage:
    """One HTTP session for all threads. Connects on the first call."""

    def __init__(self, url: str, api_key: str, plan: Plan, connections: int, clock: Callable[[], datetime]) -> None:
        self._url = url
        self._api_key = api_key
        self._entitlement = plan.entitlement
        self._clock = clock
        self._redact = Redactor([api_key])
        self._session = requests.Session()
        # Nothing in a session may change from call to call, since threads share it.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(pool_connections=1, pool_maxsize=connections, max_retries=0))

    def fetch(self, request: Request) -> Answer:
        """Makes one call; blocks for TOTAL_SECONDS and one read at most. Never raises for what the vendor or the network does."""
        started = time.monotonic()
        observed: list[Observed] = []
        found: list[SeriesBar] | None = None
        refusal: Refusal | None = None
        try:
            body = self._get(request, started)
            arrived_at = self._clock()
            if request.endpoint in SERIES:
                found = bars(request, body)
            else:
                observed = observations(request, body)
        except Refusal as error:
            arrived_at = self._clock()
            refusal = Refusal(error.kind, self._redact(error.text), error.retry_after)
        return Answer(request, arrived_at, time.monotonic() - started, observed, refusal, found)

    def search(self, text: str) -> list[Match]:
        """What SYMBOL_SEARCH finds. Blocks as `fetch` does. Raises Refusal."""
        try:
            return matches(self._get(Request(Endpoint.SEARCH, (), (("keywords", text),)), time.monotonic()))
        except Refusal as error:
            raise Refusal(error.kind, self._redact(error.text), error.retry_after) from None

    def _get(self, request: Request, started: float) -> bytes:
        parameters = {"function": request.endpoint.value, "apikey": self._api_key, **dict(request.parameters)}
        if request.symbols:
            parameters["symbol"] = ",".join(request.symbols)
        # Without it a series ends with the last session that has closed: no bar in it changes any more.
        if self._entitlement and request.endpoint in (Endpoint.GLOBAL_QUOTE, Endpoint.BULK):
            parameters["entitlement"] = self._entitlement
        try:
            # A redirect would hand the key to another host.
            with self._session.get(
                self._url, params=parameters, timeout=(CONNECT_SECONDS, READ_SECONDS), stream=True, allow_redirects=False
            ) as response:
                if response.status_code != HTTPStatus.OK:
                    raise _http_refusal(response)
                return _body(response, started)
        except requests.Timeout:
            raise Refusal(Kind.TIMEOUT, f"no answer within {TOTAL_SECONDS:.0f} s") from None
        except (requests.RequestException, OSError) as error:
            raise Refusal(Kind.CONNECTION, f"{type(error).__name__}: {error}") from None

    def close(self) -> None:
        self._session.close()


def _body(response: requests.Response, started: float) -> bytes:
    parts: list[bytes] = []
    size = 0
    for part in response.iter_content(_CHUNK):
        size += len(part)
        if size > BODY_LIMIT:
            raise Refusal(Kind.UNREADABLE, f"the body is longer than {BODY_LIMIT} bytes")
        if time.monotonic() - started > TOTAL_SECONDS:
            raise requests.Timeout
        parts.append(part)
    return b"".join(parts)


def _http_refusal(response: requests.Response) -> Refusal:
    status = response.status_code
    text = f"HTTP {status}"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Refusal(Kind.THROTTLED, text, _seconds(response.headers.get("Retry-After")))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Refusal(Kind.SERVER, text, _seconds(response.headers.get("Retry-After")))
    return Refusal(Kind.UNREADABLE, text)


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After in seconds; its other form, a date, is passed over."""
    return min(float(retry_after), 3600.0) if retry_after and retry_after.strip().isdigit() else None
