"""Alpha Vantage's HTTP API as a source. Everything it returns or raises is free of the key."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from typing import NamedTuple

import requests
from requests.adapters import HTTPAdapter

from stock_common.redaction import Redactor
from stock_producer.vendor.alphavantage.bars import bars
from stock_producer.vendor.alphavantage.endpoints import FULL, SERIES, Endpoint
from stock_producer.vendor.alphavantage.history import history
from stock_producer.vendor.alphavantage.plans import entitlement
from stock_producer.vendor.alphavantage.quotes import observations
from stock_producer.vendor.alphavantage.search import matches
from stock_producer.vendor.alphavantage.settings import AlphaVantageSettings
from stock_producer.vendor.base import Answer, History, Match, Observation, Plan, PriceBar, Request
from stock_producer.vendor.kinds import Kind, Refusal

CONNECT_SECONDS = 5.0


class Patience(NamedTuple):
    """Seconds that a call may take: `read` without a byte, `total` from the request to the last byte."""

    read: float
    total: float


QUICK = Patience(8.0, 10.0)
"""A quote, or a short series. The service makes no other calls."""
LONG = Patience(60.0, 180.0)
"""A whole series, for a backfill: clients report 20 s and more before its first byte."""
BODY_LIMIT = 16_000_000
"""A month of minutes of a market that never closes has 8 MB."""
LONGEST_RETRY_AFTER = 3600.0
_CHUNK = 65_536
_READ_BODY = 4_096
_SHOWN_BODY = 120
"""Characters of a refusal's body that are shown. A proxy explains itself there."""
_FAULTS = {
    "NameResolutionError": "the address cannot be resolved: look at the network and at ALPHA_VANTAGE_URL",
    "getaddrinfo": "the address cannot be resolved: look at the network and at ALPHA_VANTAGE_URL",
    "CERTIFICATE_VERIFY_FAILED": "the certificate cannot be verified: a proxy may have replaced it",
    "SSLError": "TLS failed: it may be no https address, or a proxy stands between",
    "ProxyError": "the proxy does not answer: look at HTTPS_PROXY",
    "Connection refused": "the connection was refused",
    "Network is unreachable": "the network cannot be reached",
    "Connection reset": "the connection was reset",
    "RemoteDisconnected": "the connection was closed without an answer",
    "IncompleteRead": "the answer was cut off",
}
"""What an error of the HTTP library contains → what it means. The first that fits counts."""
_ENTITLED = (Endpoint.GLOBAL_QUOTE, Endpoint.BULK, Endpoint.INTRADAY)
"""These take the parameter `entitlement`.

Daily bars are asked for without it. They end with the last session that has closed, so none changes any
more.
"""


class _Reply(NamedTuple):
    """The body of an answer, and the time at which the server says that it was sent."""

    body: bytes
    sent_at: datetime | None


class AlphaVantage:
    """One HTTP session for all threads. It connects on the first call."""

    def __init__(
        self, url: str, api_key: str, plan: Plan, connections: int, clock: Callable[[], datetime]
    ) -> None:
        self._url = url
        self._api_key = api_key
        self._plan = plan
        self._entitlement = entitlement(plan.freshness)
        self._clock = clock
        self._redact = Redactor([api_key])
        self._session = requests.Session()
        # Nothing in a session may change from call to call, since threads share it.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=connections, max_retries=0)
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, adapter)

    def fetch(self, request: Request) -> Answer:
        """Makes one call. It blocks for its Patience's total and one read at most.

        It never raises for what Alpha Vantage or the network does.
        """
        started = time.monotonic()
        observed: list[Observation] = []
        found: list[PriceBar] | None = None
        refusal: Refusal | None = None
        unread: list[str] = []
        reply: _Reply | None = None
        try:
            reply = self._get(request, started)
            arrived_at = self._clock()
            if request.endpoint in SERIES:
                found = bars(request, reply.body, unread.append)
            else:
                observed = observations(request, reply.body, self._plan.freshness, unread.append)
        except Refusal as error:
            arrived_at = self._clock()
            refusal = self._redacted(error)
        seconds = time.monotonic() - started
        sent_at = reply.sent_at if reply else None
        return Answer(request, arrived_at, seconds, observed, refusal, found, tuple(unread), sent_at)

    def history(self, interval: str, first: date, last: date) -> History:
        """See Source."""
        return history(self._plan, interval, first, last, self._clock().date())

    def search(self, text: str) -> list[Match]:
        """What SYMBOL_SEARCH finds. It blocks as `fetch` does. Raises Refusal."""
        try:
            request = Request(Endpoint.SEARCH, (), (("keywords", text),))
            return matches(self._get(request, time.monotonic()).body)
        except Refusal as error:
            raise self._redacted(error) from None

    def close(self) -> None:
        self._session.close()

    def _get(self, request: Request, started: float) -> _Reply:
        patience = LONG if FULL in request.parameters else QUICK
        try:
            # A redirect would hand the key to another host.
            with self._session.get(
                self._url,
                params=self._parameters(request),
                timeout=(CONNECT_SECONDS, patience.read),
                stream=True,
                allow_redirects=False,
            ) as response:
                if response.status_code != HTTPStatus.OK:
                    raise _http_refusal(response, self._redact)
                return _Reply(_body(response, started + patience.total), _date(response))
        except requests.Timeout:
            raise Refusal(Kind.TIMEOUT, f"no answer within {patience.total:.0f} s") from None
        except (requests.RequestException, OSError) as error:
            raise Refusal(Kind.CONNECTION, _in_words(error)) from None

    def _parameters(self, request: Request) -> dict[str, str]:
        parameters = {
            "function": str(request.endpoint),
            "apikey": self._api_key,
            **dict(request.parameters),
        }
        if request.symbols:
            parameters["symbol"] = ",".join(request.symbols)
        if self._entitlement and request.endpoint in _ENTITLED:
            parameters["entitlement"] = self._entitlement
        return parameters

    def _redacted(self, refusal: Refusal) -> Refusal:
        return Refusal(
            refusal.kind,
            self._redact(refusal.text),
            refusal.retry_after,
            refusal.per_second,
            may_be_day=refusal.may_be_day,
        )


def open_source(
    settings: AlphaVantageSettings, connections: int, clock: Callable[[], datetime]
) -> AlphaVantage:
    """The source that the settings describe. `connections`: calls that may be under way at once."""
    key = settings.alpha_vantage_api_key.get_secret_value()
    return AlphaVantage(settings.alpha_vantage_url, key, settings.plan, connections, clock)


def _body(response: requests.Response, deadline: float) -> bytes:
    parts: list[bytes] = []
    size = 0
    for part in response.iter_content(_CHUNK):
        size += len(part)
        if size > BODY_LIMIT:
            raise Refusal(Kind.UNREADABLE, f"the body is longer than {BODY_LIMIT} bytes")
        if time.monotonic() > deadline:
            raise requests.Timeout
        parts.append(part)
    return b"".join(parts)


def _in_words(error: Exception) -> str:
    """What went wrong with a connection. The library's own text is full of its internals."""
    text = repr(error)
    found = next((words for mark, words in _FAULTS.items() if mark in text), None)
    return found or f"the connection failed ({type(error).__name__})"


def _date(response: requests.Response) -> datetime | None:
    """The header Date. None: there is none, or it is no time with a zone."""
    try:
        found = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return None
    return found if found.tzinfo else None


def _http_refusal(response: requests.Response, redact: Callable[[str], str]) -> Refusal:
    status = response.status_code
    text = f"HTTP {status}"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Refusal(Kind.THROTTLED, text, _seconds(response.headers.get("Retry-After")))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Refusal(Kind.SERVER, text, _seconds(response.headers.get("Retry-After")))
    place = redact(response.headers.get("Location", ""))
    body = " ".join(redact(_start(response)).split())[:_SHOWN_BODY]
    details = [f"it points to {place}" if place else "", f"it reads: {body}" if body else ""]
    return Refusal(Kind.UNREADABLE, ", ".join([text, *filter(None, details)]))


def _start(response: requests.Response) -> str:
    try:
        return next(response.iter_content(_READ_BODY), b"").decode(errors="replace")
    except requests.RequestException:
        return ""


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After in seconds. Its other form, a date, counts as absent."""
    if retry_after and retry_after.strip().isdigit():
        return min(float(retry_after), LONGEST_RETRY_AFTER)
    return None
