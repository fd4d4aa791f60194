"""The start waits for what the sink depends on, as long as it takes: not ready meanwhile, and the log says for what."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from stock_common.health import Health
from stock_common.run import Stop
from stock_kafka.cluster import Unreachable
from stock_objects.errors import ObjectError

RETRY_SECONDS = 2.0


def wait_for(dependency: str, check: Callable[[], None], health: Health, stop: Stop, log: structlog.stdlib.BoundLogger) -> bool:
    """Calls `check` until it passes; False when the stop comes first. Each reason is logged once.

    `check` must have a bound. Raises FatalError from it: what only an operator can mend is not waited for.
    """
    told = ""
    while not stop:
        try:
            check()
        except (ObjectError, Unreachable) as error:
            if str(error) != told:
                told = str(error)
                log.warning("waiting", dependency=dependency, reason=told)
        else:
            health.reached(dependency)
            return True
        health.beat()
        stop.wait(RETRY_SECONDS)
    return False
