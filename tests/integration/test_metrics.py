"""Every service answers on its metrics port and exposes what matrix.py says."""

from __future__ import annotations

import re
from contextlib import suppress
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from matrix import MATRIX, missing

from stock_stack.services import SERVICES
from stock_testing.pipeline import Pipeline
from stock_testing.poll import poll_until

SECONDS = 60


def get(pipeline: Pipeline, service: str, path: str) -> str:
    """The text of the answer, that of a refusal included."""
    try:
        with urlopen(pipeline.stack.layout.url(f"{service}-metrics", path), timeout=30) as answer:
            return answer.read().decode()
    except HTTPError as refusal:
        return refusal.read().decode()


def test_every_row_is_a_service() -> None:
    assert MATRIX.keys() <= set(SERVICES)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_exposes_its_metrics(pipeline: Pipeline, service: str) -> None:
    def lacks() -> set[str]:
        lines = get(pipeline, service, "/metrics").splitlines()
        return missing(service, {re.split(r"[ {]", line)[0] for line in lines if not line.startswith("#")})

    # Some appear with the first event that they count.
    with suppress(AssertionError):
        poll_until(lambda: not lacks(), f"{service} exposes all", SECONDS)
    assert lacks() == set()


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("service", SERVICES)
def test_a_service_says_that_it_is_well(pipeline: Pipeline, service: str, path: str) -> None:
    # It may catch up after what an earlier test did to it.
    poll_until(lambda: get(pipeline, service, path) == "ok\n", f"{path} of {service} is ok", SECONDS)
