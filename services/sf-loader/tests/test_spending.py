"""What the warehouse costs more than it has to, by its row of SHOW WAREHOUSES."""

from __future__ import annotations

from typing import Any

import pytest

from stock_sf_loader.account.spending import quota, spending, too_little


@pytest.mark.parametrize(
    ("row", "run"),
    [
        pytest.param(
            {"size": "Large", "auto_suspend": 60, "resource_monitor": "M"},
            ["WAREHOUSE_SIZE = 'X-SMALL'"],
            id="size",
        ),
        pytest.param(
            {"size": "X-Small", "auto_suspend": 600, "resource_monitor": "null"},
            ["AUTO_SUSPEND = 60", "RESOURCE_MONITOR"],
            id="awake",
        ),
        pytest.param(
            {"size": "X-Small", "auto_suspend": None, "resource_monitor": "M"},
            ["AUTO_SUSPEND = 60"],
            id="never sleeps",
        ),
        pytest.param(
            {"size": "X-Small", "auto_suspend": 60, "resource_monitor": "M", "generation": "2"},
            ["GENERATION = '1'"],
            id="second generation",
        ),
        pytest.param(
            {
                "size": "X-Small",
                "auto_suspend": 60,
                "resource_monitor": "M",
                "resource_constraint": "STANDARD_GEN_2",
                "enable_query_acceleration": "true",
            },
            ["GENERATION = '1'", "ENABLE_QUERY_ACCELERATION = FALSE"],
            id="query acceleration",
        ),
    ],
)
def test_a_warehouse_that_costs_more_than_it_has_to(row: dict[str, Any], run: list[str]) -> None:
    reason, statements = spending("W", row)
    assert reason and len(statements) == len(run)
    assert all(part in statement for part, statement in zip(run, statements, strict=True))


@pytest.mark.parametrize(
    ("given", "interval", "enough"),
    [("26", 900, True), ("25", 900, False), ("13", 1_800, True), ("", 900, True), (None, 900, True)],
)
def test_a_quota_is_enough_for_the_interval(given: str | None, interval: float, enough: bool) -> None:
    reason = too_little({"credit_quota": given}, interval)
    assert bool(reason) != enough and (enough or str(quota(interval)) in reason)
