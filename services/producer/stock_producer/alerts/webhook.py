"""Alerts to a webhook, on a separate thread. Nothing waits for it, and its failures affect nothing else."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
from collections.abc import Callable
from queue import Empty, Full, Queue
from urllib.parse import urlsplit

import structlog

from stock_common import retry
from stock_common.records import Alert, encode
from stock_producer.metrics import Metrics

ATTEMPTS = retry.Policy(first=2.0, longest=16.0, attempts=5)
"""Half a minute for all of them."""
TIMEOUT = 5.0
QUEUE = 1_000
OK = range(200, 300)
TOO_MANY, SERVER = 429, 500
_ERRORS = (OSError, http.client.HTTPException, ValueError)


class _Rejected(Exception):
    """The receiver answered with another status than success."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


def body(alert: Alert, form: str) -> bytes:
    """`json`: the alert as on the topic. `slack`: its text, as Slack's and compatible webhooks take it."""
    return (
        json.dumps({"text": f"[{alert.severity}] {alert.message}"}).encode()
        if form == "slack"
        else encode(alert)
    )


class Webhook:
    """`send` returns at once. `close` gives up the alerts that wait."""

    def __init__(
        self,
        url: str,
        form: str,
        metrics: Metrics,
        log: structlog.stdlib.BoundLogger,
        post: Callable[[str, bytes], int] | None = None,
    ) -> None:
        self._url = url
        self._form = form
        self._metrics = metrics
        self._log = log
        self._post = post or _post
        self._queue: Queue[Alert] = Queue(QUEUE)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)
        self._thread.start()

    def send(self, alert: Alert) -> None:
        """Puts the alert in line. Drops it when too many wait."""
        try:
            self._queue.put_nowait(alert)
        except Full:
            self._metrics.webhook.labels("dropped").inc()

    def close(self) -> None:
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                alert = self._queue.get(timeout=0.5)
            except Empty:
                continue
            reason = self._deliver(body(alert, self._form))
            self._metrics.webhook.labels("failed" if reason else "sent").inc()
            if reason:
                self._log.warning(
                    "webhook failed: the alert is on the topic only", alert_id=alert.alert_id, reason=reason
                )

    def _deliver(self, content: bytes) -> str:
        """Why it failed, empty when it was delivered. The address is a secret and in no reason."""
        try:
            retry.call(lambda: self._attempt(content), ATTEMPTS, retryable=_may_succeed, wait=self._stop.wait)
        except retry.Stopped:
            return "the producer has ended"
        except _Rejected as error:
            return f"HTTP {error.status}"
        except _ERRORS as error:
            return type(error).__name__
        return ""

    def _attempt(self, content: bytes) -> None:
        status = self._post(self._url, content)
        if status not in OK:
            raise _Rejected(status)


def _may_succeed(error: Exception) -> bool:
    """Whether another attempt may succeed: after errors of the network, of the server, and of its limits."""
    if isinstance(error, _Rejected):
        return error.status == TOO_MANY or error.status >= SERVER
    return isinstance(error, _ERRORS)


def _post(url: str, content: bytes) -> int:
    """The status of one POST. Raises OSError or HTTPException."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    context = ssl.create_default_context() if secure else None
    host, port = parts.hostname or "", parts.port
    connection = (
        http.client.HTTPSConnection(host, port, timeout=TIMEOUT, context=context)
        if secure
        else http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    )
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, content, {"Content-Type": "application/json"})
        return connection.getresponse().status
    finally:
        connection.close()
