"""The variables: what the settings classes take is what env.example offers and each README's table says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from stock_auditor.config import AuditorSettings
from stock_dashboard.config import DashboardSettings
from stock_kafka.topics import TopicSettings
from stock_producer.config import ProducerSettings
from stock_s3_sink.config import SinkSettings
from stock_sf_loader.config import LoaderSettings

ROOT = Path(__file__).resolve().parents[2]
SERVICES: dict[str, type[BaseSettings]] = {
    "auditor": AuditorSettings,
    "dashboard": DashboardSettings,
    "producer": ProducerSettings,
    "s3-sink": SinkSettings,
    "sf-loader": LoaderSettings,
}
BY_BOTO3 = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
COMPOSE = (ROOT / "compose.yaml").read_text()
TERRAFORM = (ROOT / "infra" / "services.tf").read_text()
ASSIGNED = re.compile(r"\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\s*=(?![=>])")
"""A variable that gets a value in Terraform."""
COMPOSE_ONLY = {"STAND_INS", "SNOWFLAKE_OWNER_ROLE", "SNOWFLAKE_READER_ROLE", "GRAFANA_PASSWORD", "PROMETHEUS_RETENTION"}
"""What compose.yaml takes besides the services' variables, and STOCK_…_PORT: the ports of the machine."""
FIXED = {"METRICS_HOST", "METRICS_PORT", "STATE_DIR", "DASHBOARD_HOST", "DASHBOARD_PORT"}
"""What a container's inside decides: compose.yaml does not take them."""


def variables(kind: type[BaseSettings]) -> set[str]:
    return {name.upper() for name in kind.model_fields}


def test_env_example_offers_every_variable_and_no_other() -> None:
    offered = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / "env.example").read_text(), re.MULTILINE))
    taken = set().union(*map(variables, SERVICES.values()), variables(TopicSettings))
    machine = {name for name in offered if re.fullmatch(r"STOCK_[A-Z0-9]+_PORT", name)}
    assert offered - BY_BOTO3 - COMPOSE_ONLY - machine == taken


@pytest.mark.parametrize("service", SERVICES)
def test_the_readme_names_every_variable_of_the_service(service: str) -> None:
    text = (ROOT / "services" / service / "README.md").read_text()
    missing = {name for name in variables(SERVICES[service]) if not re.search(rf"\b{name}\b", text)}
    assert missing == set()


@pytest.mark.parametrize("service", SERVICES)
def test_every_variable_says_what_it_is_for(service: str) -> None:
    assert {name for name, field in SERVICES[service].model_fields.items() if not field.description} == set()


def given(service: str) -> set[str]:
    """The names under a service's `environment` in compose.yaml, those of the anchors it takes in too."""
    block = re.search(rf"^  {service}:\n((?:    .*\n|\n)+)", COMPOSE, re.MULTILINE)
    assert block, service
    anchors = re.search(r"    environment:\n      <<: \[(.*)\]", block[1])
    assert anchors, service
    texts = [block[1].partition("    environment:\n")[2]]
    texts += [re.search(rf"^x-{name}: &{name}\n((?:  .*\n)+)", COMPOSE, re.MULTILINE)[1] for name in re.findall(r"\*([\w-]+)", anchors[1])]  # type: ignore[index]
    return {name for text in texts for name in re.findall(r"^ +([A-Z][A-Z0-9_]+): ", text, re.MULTILINE)}


@pytest.mark.parametrize("service", SERVICES)
def test_compose_gives_each_service_its_variables_and_no_other(service: str) -> None:
    outside = {*BY_BOTO3, "TZ"} if "S3_BUCKET" in variables(SERVICES[service]) else {"TZ"}
    assert given(service) - outside == variables(SERVICES[service])


def test_compose_takes_what_env_example_offers() -> None:
    offered = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / "env.example").read_text(), re.MULTILINE))
    taken = {name for name in re.findall(r"\$\{([A-Z][A-Z0-9_]+)", COMPOSE) if name != "REVISION"}
    assert taken == offered - FIXED


def test_terraform_names_no_variable_that_nobody_takes() -> None:
    taken = set().union(*map(variables, SERVICES.values()), variables(TopicSettings))
    named = set(ASSIGNED.findall(TERRAFORM))
    assert {"S3_BUCKET", "SNOWFLAKE_USER", "ALPHA_VANTAGE_API_KEY", "KAFKA_SASL_PASSWORD"} <= named
    assert named - taken - BY_BOTO3 == set()


@pytest.mark.parametrize("service", SERVICES)
def test_terraform_gives_a_service_what_it_takes(service: str) -> None:
    given_to = TERRAFORM.partition("  variables = {\n")[2].partition("\n  }\n")[0]
    block = re.search(rf"^    {service} += merge\(.*?(?=^    [a-z0-9-]+ += |\Z)", given_to, re.MULTILINE | re.DOTALL)
    assert block, service
    assert set(ASSIGNED.findall(block[0])) <= variables(SERVICES[service])
    assert ("local.object_environment" in block[0]) == ("S3_BUCKET" in variables(SERVICES[service]))
    assert ("local.snowflake_environment" in block[0]) == ("SNOWFLAKE_USER" in variables(SERVICES[service]))
