"""The documents agree with the configuration: tables, the calculator, the services' variables."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import cost
import pytest
import tables
import usage
import yaml
from conftest import INFRA, Plan

from stock_auditor.compare.checkpoint import LISTED_FOR
from stock_auditor.config import AuditorSettings
from stock_auditor.stages.bucket import BucketReader
from stock_common.keys import ObjectKey
from stock_common.topics import SUNK
from stock_objects.chain import Chain
from stock_objects.testing import MemoryStore
from stock_sf_loader.account import setup_options, spending
from stock_sf_loader.load.ledger import LedgerState, Tail
from stock_sf_loader.load.listing import Scanner


def test_the_tables_are_current() -> None:
    readme = (INFRA / "README.md").read_text()
    assert tables.written(readme) == readme
    text = tables.variables_text()
    rows = tables.variables(text)
    assert len(rows) - 2 == len(re.findall(r"^variable ", text, re.M)) > 40
    assert "| deployment | string | ec2 |" in "\n".join(rows)


def test_the_calculator_has_the_tasks_as_they_are(ecs: Plan) -> None:
    tasks = {
        values["family"].removeprefix("stock-pipeline-"): (int(values["cpu"]), int(values["memory"]))
        for values in ecs.of_type("aws_ecs_task_definition").values()
    }
    assert {name: tasks[name] for name in cost.TASKS} == cost.TASKS


def test_credits_follow_the_load_interval() -> None:
    assert usage.warehouse_credits(5) == pytest.approx(136.5)
    assert usage.warehouse_credits(60) == pytest.approx(136.5)
    assert 10 <= usage.warehouse_credits(900) <= 20
    assert usage.warehouse_credits(900, "2") == pytest.approx(1.35 * usage.warehouse_credits(900))
    assert usage.warehouse_credits(3600) < usage.warehouse_credits(900)


@pytest.mark.parametrize("interval", [60, 300, 900, 1_800, 3_600])
def test_a_month_stays_below_the_share_at_which_its_monitor_suspends(interval: float) -> None:
    used = usage.warehouse_credits(interval)
    assert used * usage.QUOTA_MARGIN <= usage.SUSPENDS_AT * usage.quota(used) + 1e-9
    assert usage.quota(used) == spending.quota(interval)


def test_setup_and_the_calculator_agree_about_quotas() -> None:
    assert usage.quota(usage.warehouse_credits(900)) == setup_options.CREDITS
    assert usage.reader_quota(900, usage.LOOKS) == setup_options.READER_CREDITS
    assert spending.AWAKE_SECONDS == usage.AWAKE_SECONDS
    text = (INFRA.parent / "docs/how-to/cost.md").read_text()
    for interval, name in ((300, "5 minutes"), (1_800, "30 minutes"), (3_600, "1 hour")):
        assert re.search(rf"\| {name} \|.*\| {spending.quota(interval)} \|", text), name


def test_the_listings_are_those_that_the_services_make() -> None:
    """Every chain has objects, and neither the loader nor the auditor finds a new one."""
    store, chains = (
        MemoryStore(),
        [Chain(topic.name, "ab" * 16, partition) for topic in SUNK for partition in range(topic.partitions)],
    )
    for chain in chains:
        store.put_new(str(ObjectKey(*chain, datetime(2026, 11, 20, 15, tzinfo=UTC), 0)), b"", {})
    store.calls.clear()
    tails = {
        chain: Tail(0, str(ObjectKey(*chain, datetime(2026, 11, 20, 15, tzinfo=UTC), 0))) for chain in chains
    }
    assert {topic.name: topic.partitions for topic in SUNK} == usage.PARTITIONS
    assert [
        listing.objects
        for listing in Scanner(store).new_objects(usage.PARTITIONS, LedgerState(tails, frozenset()))
    ] == [[]] * usage.CHAINS
    assert len(store.calls) == usage.LOADER_LISTS
    store.calls.clear()
    reader = BucketReader(store)
    assert {chain for topic in usage.PARTITIONS for chain in reader.chains(topic)} == set(chains)
    assert len(store.calls) == usage.FIND_LISTS
    store.calls.clear()
    assert reader.strays(chains) == []
    assert len(store.calls) == usage.STEP_LISTS
    assert LISTED_FOR.total_seconds() == usage.REST_SECONDS
    assert AuditorSettings.model_fields["audit_interval_seconds"].default == usage.AUDIT_SECONDS


def test_the_document_has_the_days_as_they_are_computed() -> None:
    text = (INFRA.parent / "docs/how-to/cost.md").read_text()
    for flush, load in usage.CADENCES:
        one = usage.day(50, 5, load, flush)
        *counts, month = one
        row = " | ".join(
            [*(f"{value:,.0f}" for value in counts), f"{month:.1f}", f"{month * cost.CREDIT:,.0f}"]
        )
        assert f"| {row} |" in text, f"docs/how-to/cost.md has another day for flush {flush}, load {load}"


@pytest.mark.parametrize(
    ("symbols", "interval", "plan"),
    [
        pytest.param(4, 86_400, "free", id="a handful once a day"),
        pytest.param(6, 5, "75", id="72 calls a minute, one by one"),
        pytest.param(7, 5, "150", id="bulk"),
        pytest.param(1_000, 5, "150", id="120 bulk calls a minute"),
        pytest.param(1_300, 5, "300", id="156 bulk calls a minute"),
        pytest.param(10_001, 5, "1200", id="more than any plan carries"),
    ],
)
def test_the_least_plan_that_carries_it(symbols: int, interval: float, plan: str) -> None:
    assert usage.plan_for(symbols, interval) == plan
    used = usage.use(symbols, interval, 900)
    minutes = usage.DAYS * usage.SESSION_SECONDS / 60
    assert used.calls <= max(usage.PLANS[plan][0] * minutes, usage.FREE_CALLS_A_DAY * usage.DAYS) * 1.001


def test_ours_beside_the_seed_figure() -> None:
    used = usage.use(50, 5, 900)
    totals = {deployment: sum(cost.bill(deployment, used).values()) for deployment in cost.DEPLOYMENTS}
    assert totals["ec2-spot"] < cost.SEED[0] < totals["ec2"] < totals["ecs-spot"] < totals["ecs"]
    assert totals["ec2"] - cost.SEED[1] < 10
    text = (INFRA.parent / "docs/how-to/cost.md").read_text()
    for deployment in cost.DEPLOYMENTS:
        assert f"**{totals[deployment]:.0f}**" in text, (
            f"docs/how-to/cost.md does not say {totals[deployment]:.0f} for {deployment}"
        )


def test_the_calculator_as_a_command() -> None:
    command = [sys.executable, INFRA / "cost.py", "--symbols", "50", "--deployment", "ec2", "--json"]
    document = json.loads(
        subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
    )
    assert document["deployments"]["ec2"]["total"] == pytest.approx(
        sum(document["deployments"]["ec2"]["parts"].values())
    )
    wrong = subprocess.run(
        [sys.executable, INFRA / "cost.py", "--symbols", "0"], capture_output=True, text=True, timeout=30
    )
    assert wrong.returncode == 2 and "above 0" in wrong.stderr


def test_every_variable_of_a_service_is_one_of_the_examples(ec2: Plan) -> None:
    known = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (INFRA.parent / "env.example").read_text(), re.M))
    objects = {values["key"]: values.get("content") for values in ec2.of_type("aws_s3_object").values()}
    compose = yaml.safe_load(objects["deploy/compose.yaml"])
    # The AWS SDK alone reads these.
    known |= {"AWS_CONFIG_FILE", "AWS_EC2_METADATA_DISABLED"}
    for name, service in compose["services"].items():
        assert set(service["environment"]) <= known, name


def test_links_of_the_documents_lead_somewhere() -> None:
    for path in (
        INFRA / "README.md",
        INFRA.parent / "docs/how-to/deploy.md",
        INFRA.parent / "docs/how-to/cost.md",
    ):
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
            assert Path(path.parent, target).exists(), f"{path.name}: {target}"
