"""The variables: what the settings classes take is what env.example offers and each README's table says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from pydantic_settings import BaseSettings
from reference import package, settings_class

from stock_kafka.topics import TopicSettings
from stock_producer.vendor.registry import SOURCES

ROOT = Path(__file__).resolve().parents[2]
REGISTRY = yaml.safe_load((ROOT / "services.yaml").read_text())
SERVICES = {service: settings_class(service) for service in REGISTRY}
BY_BOTO3 = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
COMPOSE = (ROOT / "compose.yaml").read_text()
TERRAFORM = (ROOT / "infra" / "services.tf").read_text()
ASSIGNED = re.compile(r"\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\s*=(?![=>])")
"""A variable that gets a value in Terraform."""
COMPOSE_ONLY = {
    "STAND_INS",
    "SNOWFLAKE_OWNER_ROLE",
    "SNOWFLAKE_READER_ROLE",
    "SNOWFLAKE_READER_WAREHOUSE",
    "GRAFANA_PASSWORD",
    "PROMETHEUS_RETENTION",
}
"""What compose.yaml takes besides the services' variables, and STOCK_…_PORT: the ports of the machine."""
IDENTITIES = (ROOT / "compose.identities.yaml").read_text()
TAKEN = re.compile(r"\$\{([A-Z][A-Z0-9_]+)")
BY_IDENTITIES = set(TAKEN.findall(IDENTITIES)) | {"COMPOSE_FILE"}
"""What the second file takes, and what adds it."""
FIXED = {"METRICS_HOST", "METRICS_PORT", "STATE_DIR", "DASHBOARD_HOST", "DASHBOARD_PORT"}
"""What a container's inside decides: compose.yaml does not take them."""


def classes(kind: type[BaseSettings]) -> list[type[BaseSettings]]:
    """The settings class. For the producer, the settings of each of its sources too."""
    sources = [entry.settings for entry in SOURCES.values()] if kind is SERVICES["producer"] else []
    return [kind, *sources]


def variables(kind: type[BaseSettings]) -> set[str]:
    return {name.upper() for one in classes(kind) for name in one.model_fields}


def test_env_example_offers_every_variable_and_no_other() -> None:
    offered = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / "env.example").read_text(), re.MULTILINE))
    taken = set().union(*map(variables, SERVICES.values()), variables(TopicSettings))
    machine = {name for name in offered if re.fullmatch(r"STOCK_[A-Z0-9]+_PORT", name)}
    assert offered - BY_BOTO3 - COMPOSE_ONLY - BY_IDENTITIES - machine == taken


@pytest.mark.parametrize("service", SERVICES)
def test_the_readme_names_every_variable_of_the_service(service: str) -> None:
    text = (ROOT / "services" / service / "README.md").read_text()
    missing = {name for name in variables(SERVICES[service]) if not re.search(rf"\b{name}\b", text)}
    assert missing == set()


@pytest.mark.parametrize("service", SERVICES)
def test_every_variable_says_what_it_is_for(service: str) -> None:
    fields = [item for kind in classes(SERVICES[service]) for item in kind.model_fields.items()]
    assert {name for name, field in fields if not field.description} == set()


def given(service: str) -> set[str]:
    """The names under a service's `environment` in compose.yaml, those of the anchors it takes in too."""
    block = re.search(rf"^  {service}:\n((?:    .*\n|\n)+)", COMPOSE, re.MULTILINE)
    assert block, service
    anchors = re.search(r"    environment:\n      <<: \[(.*)\]", block[1])
    assert anchors, service
    texts = [block[1].partition("    environment:\n")[2]]
    texts += [
        re.search(rf"^x-{name}: &{name}\n((?:  .*\n)+)", COMPOSE, re.MULTILINE)[1]
        for name in re.findall(r"\*([\w-]+)", anchors[1])
    ]  # type: ignore[index]
    return {name for text in texts for name in re.findall(r"^ +([A-Z][A-Z0-9_]+): ", text, re.MULTILINE)}


@pytest.mark.parametrize("service", SERVICES)
def test_compose_gives_each_service_its_variables_and_no_other(service: str) -> None:
    outside = {*BY_BOTO3, "TZ"} if "S3_BUCKET" in variables(SERVICES[service]) else {"TZ"}
    assert given(service) - outside == variables(SERVICES[service])


def test_compose_takes_what_env_example_offers() -> None:
    offered = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / "env.example").read_text(), re.MULTILINE))
    taken = set(TAKEN.findall(COMPOSE)) - {"REVISION", "VERSION"}
    assert taken | BY_IDENTITIES == offered - FIXED


def test_terraform_names_no_variable_that_nobody_takes() -> None:
    taken = set().union(*map(variables, SERVICES.values()), variables(TopicSettings))
    named = set(ASSIGNED.findall(TERRAFORM))
    assert {"S3_BUCKET", "SNOWFLAKE_USER", "ALPHA_VANTAGE_API_KEY", "KAFKA_SASL_PASSWORD"} <= named
    assert named - taken - BY_BOTO3 == set()


@pytest.mark.parametrize("service", SERVICES)
def test_terraform_gives_a_service_what_it_takes(service: str) -> None:
    own = TERRAFORM.partition("  own_variables = {\n")[2].partition("\n  }\n")[0]
    block = re.search(rf"^    {service} = .*?(?=^    [a-z0-9-]+ = |\Z)", own, re.MULTILINE | re.DOTALL)
    assert set(ASSIGNED.findall(block[0] if block else "")) <= variables(SERVICES[service])


@pytest.mark.parametrize("service", SERVICES)
def test_the_registry_gives_a_service_the_systems_that_its_settings_name(service: str) -> None:
    entry = REGISTRY[service]
    assert entry["metrics_port"] == SERVICES[service].model_fields["metrics_port"].default
    assert (entry["s3"] != "none") == ("S3_BUCKET" in variables(SERVICES[service]))
    assert ("snowflake" in entry) == ("SNOWFLAKE_USER" in variables(SERVICES[service]))


@pytest.mark.parametrize("service", SERVICES)
def test_the_registry_names_the_log_file_that_the_service_writes(service: str) -> None:
    name = REGISTRY[service]["log_file"]
    folder = ROOT / "services" / service / package(service)
    named = any(f'"{name}"' in path.read_text() for path in folder.rglob("*.py"))
    assert named or name == f"{service}.log"
