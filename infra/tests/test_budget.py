"""The budgets of main.tf are such that an ordinary month is below the warning at 80 %."""

from __future__ import annotations

import re
from pathlib import Path

import cost
import pytest
import usage

INFRA = Path(__file__).resolve().parents[1]
BUDGETS = re.compile(
    r"local\.ec2 \? (?P<ec2>\d+) : var\.monitoring \? (?P<monitored>\d+) : (?P<ecs>\d+)$", re.M
)


def budgets() -> dict[str, int]:
    found = BUDGETS.search((INFRA / "main.tf").read_text())
    assert found, "main.tf has another form of the default of budget_usd."
    return {name: int(dollars) for name, dollars in found.groupdict().items()}


def month(deployment: str) -> float:
    """AWS's part of the bill, and with monitoring what docs/how-to/cost.md adds for it."""
    monitored = deployment == "monitored"
    parts = cost.bill("ecs" if monitored else deployment, usage.use(50, 5, 900))
    more = re.search(r"Grafana are (\d+) dollars more", (INFRA.parent / "docs/how-to/cost.md").read_text())
    assert more
    aws = sum(dollars for name, dollars in parts.items() if not name.startswith("Snowflake"))
    return aws + (int(more[1]) if monitored else 0)


@pytest.mark.parametrize("deployment", ["ec2", "ecs", "monitored"])
def test_an_ordinary_month_does_not_warn(deployment: str) -> None:
    assert month(deployment) < 0.8 * budgets()[deployment]


def test_the_documents_quote_the_budgets() -> None:
    quoted = "null means {ec2} on ec2, {ecs} on ecs, {monitored} with monitoring".format(**budgets())
    for name in ("variables_operation.tf", "README.md"):
        assert quoted in (INFRA / name).read_text(), name
    example = re.search(r"^budget_usd += (\d+)", (INFRA / "terraform.tfvars.example").read_text(), re.M)
    assert example and int(example[1]) == budgets()["ec2"]
