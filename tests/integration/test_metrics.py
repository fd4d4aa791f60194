"""Every service answers on its metrics port and exposes what matrix.py says."""

from __future__ import annotations

from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from matrix import MATRIX, missing

from stock_stack.services import SERVICES
from stock_testing.pipeline import Pipeline


def get(pipeline: Pipeline, service: str, path: str) -> str:
    """The text of the answer, that of a refusal included."""
    try:
        with urlopen(pipeline.stack.layout.url(f"{service}-metrics", path), timeout=5) as answer:
            return answer.read().decode()
    except HTTPError as refusal:
        return refusal.read().decode()


def test_every_row_is_a_service() -> None:
    assert MATRIX.keys() <= set(SERVICES)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_exposes_its_metrics(pipeline: Pipeline, service: str) -> None:
    names = {
        line.partition(" ")[0].partition("{")[0]
        for line in get(pipeline, service, "/metrics").splitlines()
        if not line.startswith("#")
    }
    assert missing(service, names) == set()


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("service", SERVICES)
def test_a_service_says_that_it_is_well(pipeline: Pipeline, service: str, path: str) -> None:
    assert get(pipeline, service, path) == "ok\n"
