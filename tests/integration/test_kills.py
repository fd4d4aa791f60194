"""SIGKILL to any one service in the middle: after its restart nothing is missing and nothing is doubled."""

from __future__ import annotations

import signal

import pytest

from stock_stack.services import SERVICES
from stock_testing.pipeline import Pipeline


@pytest.mark.parametrize("service", SERVICES)
def test_a_killed_service_loses_and_doubles_nothing(pipeline: Pipeline, service: str) -> None:
    pipeline.more_quotes(1)
    assert pipeline.stack.kill(service, signal.SIGKILL) == -signal.SIGKILL
    pipeline.stack.restart(service)
    pipeline.more_quotes(240, 90)
    with pipeline.still():
        pipeline.check_complete()
