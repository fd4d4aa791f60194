from __future__ import annotations

import math
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from stock_common.process import memory_limit, register


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        pytest.param("402653184\n", 402653184.0, id="a limit"),
        pytest.param("max\n", math.inf, id="version 2 without a limit"),
        pytest.param("9223372036854771712\n", math.inf, id="version 1 without a limit"),
    ],
)
def test_the_limit_is_the_container_s(tmp_path: Path, text: str, limit: float) -> None:
    (tmp_path / "limit").write_text(text)
    assert memory_limit([tmp_path / "absent", tmp_path / "limit"]) == limit


def test_no_file_is_no_limit(tmp_path: Path) -> None:
    assert memory_limit([tmp_path / "absent"]) == math.inf


def test_the_limit_is_exposed() -> None:
    registry = CollectorRegistry()
    register(registry)
    assert registry.get_sample_value("stock_memory_limit_bytes") > 0
