"""The wait at the start: it lasts until S3 and Kafka answer, and the log names what is missing."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from stock_common import retry
from stock_common.health import Health
from stock_common.retry import Policy
from stock_common.run import Stop
from stock_kafka.cluster import Unreachable
from stock_objects.errors import ObjectError

RETRY = Policy(first=2.0, longest=2.0)


def wait_for(
    dependency: str, check: Callable[[], None], health: Health, stop: Stop, log: structlog.stdlib.BoundLogger
) -> bool:
    """Calls `check` until it passes. Returns False when the stop comes first.

    `check` must have a bound. The service is not ready meanwhile, and each new reason is logged once.
    Raises FatalError from `check`: the sink does not wait for what only an operator can fix.
    """
    logged = ""

    def on_retry(error: Exception, _pause: float) -> None:
        nonlocal logged
        if str(error) != logged:
            logged = str(error)
            log.warning("waiting", dependency=dependency, reason=logged)
        health.beat()

    if stop:
        return False
    try:
        retry.call(check, RETRY, retryable=(ObjectError, Unreachable), wait=stop.wait, on_retry=on_retry)
    except retry.Stopped:
        return False
    health.reached(dependency)
    return True
