"""Each image by itself: who it runs as, what it does not hold, and what it says without configuration."""

from __future__ import annotations

import json
import re
import tarfile
import tomllib
from pathlib import Path

import pytest
import yaml

from stock_stack.registry import REGISTRY
from stock_testing.compose import IMAGES, ROOT, SERVICES, docker, output

CONFINED = (
    "--rm",
    "--read-only",
    "--tmpfs",
    "/tmp",
    "--cap-drop",
    "ALL",
    "--security-opt",
    "no-new-privileges",
    "--network",
    "none",
)
SECRET = re.compile(r"key|token|password|secret", re.IGNORECASE)
NOT_SECRET = {"GPG_KEY"}
"""The base's: whose signature the interpreter's source had."""
OWN = {"producer": {"ALPHA_VANTAGE_API_KEY"}}
"""Required variables of one service. Those of S3 and Snowflake follow from the registry."""
pytestmark = pytest.mark.usefixtures("images")


@pytest.mark.parametrize("image", IMAGES)
def test_it_runs_as_nobody_special_on_a_read_only_root(image: str) -> None:
    script = "id -u; touch /app/x /venv/x /etc/x 2>/dev/null && echo writable; grep ^CapEff /proc/self/status"
    assert output("run", *CONFINED, "--entrypoint", "sh", image, "-c", script).split() == [
        "10001",
        "CapEff:",
        "0000000000000000",
    ]


@pytest.mark.parametrize("image", IMAGES)
def test_no_layer_and_no_variable_holds_a_secret(image: str) -> None:
    config = json.loads(output("image", "inspect", image))[0]["Config"]
    names = {entry.partition("=")[0] for entry in config["Env"]}
    assert {name for name in names if SECRET.search(name)} - NOT_SECRET == set()
    commands = output("history", "--no-trunc", "--format", "{{.CreatedBy}}", image)
    assert re.findall(r"(?i)(?:key|token|password|secret)[a-z_]*=\S+", commands.replace("GPG_KEY=", "")) == []


@pytest.mark.parametrize("image", IMAGES)
def test_no_compiler_no_installer_no_cache_and_no_tests(image: str) -> None:
    script = (
        "for tool in gcc cc c++ make pip pip3 curl; do command -v $tool; done; "
        "python -c 'import pip' 2>/dev/null && echo pip; "
        "find / -xdev \\( -path '*/.cache/*' -o -path '/app/*tests*' -o -path '/app/*.md' "
        "-o -path '/tmp/*' -o -name '.env' \\) 2>/dev/null; true"
    )
    assert (
        output("run", "--rm", "--network", "none", "--user", "0", "--entrypoint", "sh", image, "-c", script)
        == ""
    )


def test_nothing_but_sources_and_requirements_is_sent_to_the_builder(tmp_path: Path) -> None:
    """What is not sent can be in no layer: no .env, no key, no data."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    output(
        "buildx",
        "build",
        "--quiet",
        "--file",
        str(tmp_path / "Dockerfile"),
        "--output",
        f"type=tar,dest={tmp_path / 'context.tar'}",
        ".",
    )
    with tarfile.open(tmp_path / "context.tar") as context:
        names = {member.name for member in context if member.isfile()}
    assert "services/producer/requirements.txt" in names
    kinds = (
        r"(libs|services|local)/[\w-]+/"
        r"(requirements\.txt|stock_\w+/([\w/]+\.(py|html|css|js|sql|yaml)|selftest/\w+\.(parquet|json)))"
    )
    assert {name for name in names if not re.fullmatch(kinds, name)} == set()


def libs(folder: str) -> set[str]:
    """The libs of a folder: the local packages of its pyproject.toml, and theirs."""
    project = tomllib.loads((ROOT / folder / "pyproject.toml").read_text())
    sources = project.get("tool", {}).get("uv", {}).get("sources", {})
    wanted = project["project"]["dependencies"]
    names = {name.removeprefix("stock-") for name in sources if name in wanted}
    return names.union(*(libs(f"libs/{name}") for name in names))


@pytest.mark.parametrize(
    "folder", [*(f"services/{name}" for name in SERVICES), "local/market", "local/snowflake"]
)
def test_it_holds_the_libs_that_it_needs_and_no_other(folder: str) -> None:
    name = folder.partition("/")[2]
    held = set(output("run", *CONFINED, "--entrypoint", "ls", f"stock-{name}:local", "/app/src").split())
    assert held == {f"stock_{lib}" for lib in libs(folder)} | {f"stock_{name.replace('-', '_')}"}


def needed(service: str) -> set[str]:
    """The variables without which the service does not start."""
    entry = yaml.safe_load(REGISTRY.read_text())[service]
    bucket = set() if entry["s3"] == "none" else {"S3_BUCKET"}
    account = {"SNOWFLAKE_ACCOUNT", "SNOWFLAKE_USER"} if "snowflake" in entry else set()
    return bucket | account | OWN.get(service, set())


@pytest.mark.parametrize("service", [service for service in SERVICES if needed(service)])
def test_without_configuration_it_says_what_is_missing(service: str) -> None:
    done = docker("run", *CONFINED, f"stock-{service}:local", seconds=60)
    assert done.returncode == 2, done
    assert {name for name in needed(service) if f"{name} is not set" not in done.stderr} == set()


@pytest.mark.parametrize("image", IMAGES)
def test_its_labels_say_what_it_is(image: str) -> None:
    labels = json.loads(output("image", "inspect", image))[0]["Config"]["Labels"]
    assert {"title", "description", "revision", "version", "base.name"} <= {
        name.removeprefix("org.opencontainers.image.") for name in labels
    }
