"""What whoever reaches this machine, or a page in a browser on it, can do. By the configuration alone."""

from __future__ import annotations

import json
import re

import pytest

from stock_testing.compose import Project


def read(variables: dict[str, str]) -> dict[str, dict]:
    """The services as compose starts them. It writes a dollar sign twice."""
    text = Project("stock-exposure", variables, ["monitoring"]).do("config", "--format", "json")
    return json.loads(text.replace("$$", "$"))["services"]


@pytest.fixture(scope="module")
def services() -> dict[str, dict]:
    return read({})


def test_every_port_is_published_on_loopback_only(services: dict[str, dict]) -> None:
    hosts = {name: [port.get("host_ip") for port in part.get("ports", [])] for name, part in services.items()}
    assert {name for name, found in hosts.items() if set(found) - {"127.0.0.1"}} == set()


@pytest.mark.parametrize("password", ["", "sesame"])
def test_nobody_signs_in_to_grafana_as_admin_with_admin(password: str) -> None:
    """Grafana ignores an empty variable and would take its default, admin."""
    given = read({"GRAFANA_PASSWORD": password})["grafana"]["environment"]
    assert given["GF_SECURITY_ADMIN_PASSWORD"] == (password or "$__file{/proc/sys/kernel/random/uuid}")
    assert given["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"


def test_no_request_ends_prometheus_and_no_other_page_reads_it(services: dict[str, dict]) -> None:
    options = dict(word.removeprefix("--").partition("=")[::2] for word in services["prometheus"]["command"])
    assert not {"web.enable-lifecycle", "web.enable-admin-api"} & set(options)
    origin = re.compile(options["web.cors.origin"])
    assert origin.fullmatch("http://127.0.0.1:3000")
    assert not origin.fullmatch("https://attacker.example")
    assert not origin.fullmatch("http://127.0.0.1.attacker.example")


def test_the_stand_ins_ask_for_a_password_and_a_signature(services: dict[str, dict]) -> None:
    assert services["snowflake"]["environment"]["SNOWFLAKE_PASSWORD"]
    assert services["snowflake"]["environment"]["SNOWFLAKE_HOST"] == "snowflake"
    assert "-disableHttp" in services["s3"]["command"]
    tokens = {name: key for name, key in services["s3"]["environment"].items() if name.startswith("WEED_JWT")}
    assert len(tokens) == 4
    assert all(tokens.values())


def test_every_image_is_pinned_by_its_whole_version(services: dict[str, dict]) -> None:
    images = {part["image"] for part in services.values() if not part["image"].endswith(":local")}
    assert {image for image in images if not re.fullmatch(r"[\w/-]+:v?\d+\.\d+(\.\d+)?", image)} == set()
