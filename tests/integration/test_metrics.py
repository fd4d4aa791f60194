"""Every service answers on its metrics port and exposes what matrix.py says."""

from __future__ import annotations

from urllib.request import urlopen

import pytest
from matrix import COMMON, MATRIX
from pipeline import Pipeline

from stock_stack.services import NEEDS


def get(pipeline: Pipeline, service: str, path: str) -> str:
    with urlopen(pipeline.stack.site.url(f"{service}-metrics", path), timeout=5) as answer:
        return answer.read().decode()


def test_every_service_has_a_row() -> None:
    assert MATRIX.keys() == NEEDS.keys()


@pytest.mark.parametrize("service", MATRIX)
def test_a_service_exposes_its_metrics(pipeline: Pipeline, service: str) -> None:
    names = {line.partition(" ")[0].partition("{")[0] for line in get(pipeline, service, "/metrics").splitlines() if not line.startswith("#")}
    assert set(COMMON) | set(MATRIX[service]) <= names


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("service", MATRIX)
def test_a_service_says_that_it_is_well(pipeline: Pipeline, service: str, path: str) -> None:
    assert get(pipeline, service, path) == "ok\n"
