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
BY_BOTO3 = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}


def variables(kind: type[BaseSettings]) -> set[str]:
    return {name.upper() for name in kind.model_fields}


def test_env_example_offers_every_variable_and_no_other() -> None:
    offered = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / "env.example").read_text(), re.MULTILINE))
    taken = set().union(*map(variables, SERVICES.values()), variables(TopicSettings))
    assert offered - BY_BOTO3 == taken


@pytest.mark.parametrize("service", SERVICES)
def test_the_readme_names_every_variable_of_the_service(service: str) -> None:
    text = (ROOT / "services" / service / "README.md").read_text()
    missing = {name for name in variables(SERVICES[service]) if not re.search(rf"\b{name}\b", text)}
    assert missing == set()


@pytest.mark.parametrize("service", SERVICES)
def test_every_variable_says_what_it_is_for(service: str) -> None:
    assert {name for name, field in SERVICES[service].model_fields.items() if not field.description} == set()
