"""What runs after an apply: services take their variables, hold no secret, and monitoring has its files."""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import settle
import yaml
from conftest import INFRA, MONITORS, SERVICES, Plan, settled_plan
from patterns import SECRET_NAME, SECRET_VALUE

ROOT = INFRA.parent
JOBS = {
    "topics": ("stock_kafka.topics", "kafka_replication_factor"),
    "migrations": ("stock_sf_loader.config", "metrics_port"),
}
"""Commands that run before a service → module of their settings, and a field that only their class has."""
LOAD = """
import importlib, sys
from stock_common.settings import load_or_exit
module, field = sys.argv[1:]
(kind,) = (
    value
    for value in vars(importlib.import_module(module)).values()
    if isinstance(value, type) and field in getattr(value, "model_fields", {})
)
load_or_exit(kind)
"""


def environment(container: dict[str, Any]) -> dict[str, str]:
    return {pair["name"]: pair["value"] for pair in container["environment"]}


def accepted(service: str, kind: str, given: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """The settings class of the service, or of the job `kind`, with these variables and no others.

    A service's class is the one in its config module with a metrics port.
    """
    python = ROOT / "services" / service / ".venv/bin/python"
    assert python.exists(), f"{python} is missing: local/stack/env.sh build services/{service}"
    where = JOBS.get(kind, (f"stock_{kind.replace('-', '_')}.config", "metrics_port"))
    return subprocess.run([python, "-c", LOAD, *where], env=given, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("service", SERVICES)
def test_on_ecs_each_service_takes_what_it_is_given(service: str, tasks: dict[str, Any]) -> None:
    for container in tasks[service]:
        if container["name"] == "prepare":
            continue
        kind = service if container["name"] == service else container["name"]
        given = environment(container) | {
            secret["name"]: "a-secret-of-more-than-thirty-two-characters" for secret in container["secrets"]
        }
        done = accepted(service, kind, given)
        assert done.returncode == 0, f"{service}/{kind}: {done.stderr}"


def test_on_ec2_each_service_takes_what_it_is_given(ec2: Plan) -> None:
    objects = {values["key"]: values.get("content") for values in ec2.of_type("aws_s3_object").values()}
    rows = [line.split("\t") for line in objects["deploy/secrets.tsv"].splitlines()]
    for name, container in yaml.safe_load(objects["deploy/compose.yaml"])["services"].items():
        service = {"topics": "producer", "migrations": "sf-loader"}.get(name, name)
        secrets = {row[2]: "a-secret" for row in rows if row[0] == service and row[1] == "variable"}
        done = accepted(service, name, container["environment"] | secrets)
        assert done.returncode == 0, f"{name}: {done.stderr}"


def test_no_container_holds_a_secret(tasks: dict[str, Any]) -> None:
    assert set(tasks) == {*SERVICES, *MONITORS}
    for service, containers in tasks.items():
        for container in containers:
            assert all(secret["valueFrom"].startswith("arn:") for secret in container["secrets"]), service
            for name, value in environment(container).items():
                text = unpacked(value) if name.startswith("FILE_") else value
                assert not SECRET_NAME.search(name) and not SECRET_VALUE.search(text), f"{service} {name}"
            assert not any(SECRET_VALUE.search(word) for word in container.get("command") or ()), service


def test_the_dashboard_signs_in_with_secrets_that_no_state_holds(tasks: dict[str, Any]) -> None:
    (dashboard,) = (container for container in tasks["dashboard"] if container["name"] == "dashboard")
    assert environment(dashboard)["DASHBOARD_PUBLIC"] == "false"
    named = {
        secret["name"]: secret["valueFrom"].rsplit(":", 3)[1]
        for secret in dashboard["secrets"]
        if secret["name"].startswith("OIDC_")
    }
    assert named == {"OIDC_CLIENT_SECRET": "client_secret", "OIDC_COOKIE_SECRET": "cookie_secret"}
    assert "stock-pipeline/dashboard-sign-in" in str(
        settled_plan("ecs").document["planned_values"]["outputs"]["secrets"]["value"]
    )


def test_a_loader_makes_its_stage_on_the_integration(tasks: dict[str, Any]) -> None:
    for container in tasks["sf-loader"][1:]:
        if container["name"] != "topics":
            assert environment(container)["SNOWFLAKE_STORAGE_INTEGRATION"] == "STOCK_S3"
    readers = ("sf-loader", "auditor", "dashboard")
    roles = {environment(tasks[name][-1])["SNOWFLAKE_ROLE"] for name in readers}
    assert roles == {"STOCK_LOADER", "STOCK_AUDITOR", "STOCK_READER"}


def unpacked(value: str) -> str:
    return gzip.decompress(base64.b64decode(value)).decode()


@pytest.fixture
def files(request: pytest.FixtureRequest, tasks: dict[str, Any], tmp_path: Path) -> Path:
    """The folder that the container `prepare` of a monitor fills, by running its own command."""
    prepare = tasks[request.param][0]
    command = (
        prepare["command"][0].replace("/run/stock /tmp", "/run/stock").replace("/run/stock", str(tmp_path))
    )
    command = re.sub(r"chown -R \d+:\d+", f"chown -R {os.getuid()}:{os.getgid()}", command)
    subprocess.run(
        ["sh", "-c", command], env=environment(prepare) | {"PATH": os.environ["PATH"]}, check=True, timeout=30
    )
    assert len(json.dumps(tasks[request.param])) < 60_000, "a task definition holds 64 KiB"
    return tmp_path


def tool(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:{ROOT}/.build/prometheus/usr/bin")
    assert found, f"{name} is missing: monitoring/check.sh brings it."
    return found


@pytest.mark.parametrize("files", ["prometheus"], indirect=True)
def test_prometheus_finds_every_service_and_has_the_rules(files: Path) -> None:
    config = files / "prometheus.yml"
    text = config.read_text().replace("/run/stock", str(files))
    config.write_text(text)
    done = subprocess.run(
        [tool("promtool"), "check", "config", config], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for source in (ROOT / "monitoring/rules").glob("*.yml"):
        assert (files / "rules" / source.name).read_text().strip() == source.read_text().strip()
    jobs = {job["job_name"]: job for job in yaml.safe_load(text)["scrape_configs"]}
    # The rules and boards speak of jobs by these names.
    assert set(jobs) == {*SERVICES, "prometheus", "alertmanager"}
    assert (
        jobs["s3-sink"]["dns_sd_configs"][0]["names"] == ["s3-sink.stock-pipeline.internal"]
        and jobs["s3-sink"]["dns_sd_configs"][0]["port"] == 9102
    )
    assert jobs["producer"]["static_configs"] == [{"targets": ["producer.stock-pipeline.internal:9101"]}]


@pytest.mark.parametrize("files", ["alertmanager"], indirect=True)
def test_alerts_go_to_the_alarms_topic(files: Path, ecs: Plan) -> None:
    config = files / "alertmanager.yml"
    done = subprocess.run(
        [tool("amtool"), "check-config", config], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    repository = yaml.safe_load((ROOT / "monitoring/alertmanager.yml").read_text())
    here = yaml.safe_load(config.read_text())
    assert {key: here[key] for key in ("route", "inhibit_rules")} == {
        key: repository[key] for key in ("route", "inhibit_rules")
    }
    assert {receiver["name"] for receiver in here["receivers"]} == {
        receiver["name"] for receiver in repository["receivers"]
    }
    (statement,) = ecs.policy('module.roles.aws_iam_role_policy.task_topic["alertmanager"]')
    topics = {receiver["sns_configs"][0]["topic_arn"] for receiver in here["receivers"]}
    assert (
        topics == {statement["Resource"]}
        and statement["Action"] == "sns:Publish"
        and statement["Resource"].endswith(":stock-pipeline-alarms")
    )
    assert len(ecs.of_type("aws_sns_topic")) == 1


@pytest.mark.parametrize("files", ["grafana"], indirect=True)
def test_grafana_has_the_boards_and_their_source(files: Path) -> None:
    for source in (ROOT / "monitoring/grafana/dashboards").glob("*.json"):
        assert json.loads((files / "boards" / source.name).read_text()) == json.loads(source.read_text())
    (source,) = yaml.safe_load((files / "datasources/prometheus.yml").read_text())["datasources"]
    assert source["uid"] == "prometheus" and source["url"] == "http://prometheus.stock-pipeline.internal:9090"
    (provider,) = yaml.safe_load((files / "dashboards/stock.yml").read_text())["providers"]
    assert provider["options"]["path"] == "/run/stock/boards"


def test_monitors_have_their_place(tasks: dict[str, Any]) -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    services = settled_plan("ecs").of_type("aws_service_discovery_service")
    for name in MONITORS:
        assert tasks[name][-1]["image"] == compose[name]["image"], "the same version as in compose.yaml"
        assert any(values["name"] == name for values in services.values())
    rules = settled_plan("ecs").of_type("aws_vpc_security_group_ingress_rule")
    (metrics,) = (rule for address, rule in rules.items() if address.endswith("ingress_rule.metrics"))
    assert metrics["from_port"] <= 9090 and metrics["to_port"] >= 9105


@pytest.mark.parametrize(
    ("deployment", "touched"),
    [
        pytest.param(
            "ecs",
            r'module\.service\["s3-sink"\]\.aws_ecs_task_definition\.this',
            id="ecs: one task definition",
        ),
        pytest.param(
            "ec2", r'module\.host\[0\]\.aws_s3_object\.deploy\["compose\.yaml"\]', id="ec2: one file"
        ),
    ],
)
def test_a_changed_setting_changes_what_it_is_about(deployment: str, touched: str) -> None:
    """test.sh has shown that an unchanged configuration is an empty plan. Here a change is seen."""
    work = Path(os.environ["INFRA_PLANS"])
    document = settle.plan(
        str(work / "infra"),
        work / f"{deployment}.tfstate",
        f"-var-file=tests/{deployment}.tfvars",
        "-var=flush_seconds=30",
    )
    changes = settle.changed(document)
    assert [address for address in changes if re.fullmatch(touched, address)] and len(changes) <= 2, changes
