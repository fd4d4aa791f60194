"""Each image by itself: who it runs as, what it does not hold, and what it says without configuration."""

from __future__ import annotations

import json
import re
import tarfile
from pathlib import Path

import pytest
from engine import IMAGES, ROOT, SERVICES, docker, said

CONFINED = ("--rm", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--network", "none")
SECRET = re.compile(r"key|token|password|secret", re.IGNORECASE)
NOT_SECRET = {"GPG_KEY"}
"""The base's: whose signature the interpreter's source had."""
NEEDED = {
    "producer": {"ALPHA_VANTAGE_API_KEY"},
    "s3-sink": {"S3_BUCKET"},
    "sf-loader": {"S3_BUCKET", "SNOWFLAKE_ACCOUNT", "SNOWFLAKE_USER"},
    "dashboard": {"SNOWFLAKE_ACCOUNT", "SNOWFLAKE_USER"},
    "auditor": {"S3_BUCKET", "SNOWFLAKE_ACCOUNT", "SNOWFLAKE_USER"},
}
pytestmark = pytest.mark.usefixtures("images")


@pytest.mark.parametrize("image", IMAGES)
def test_it_runs_as_nobody_special_on_a_read_only_root(image: str) -> None:
    script = "id -u; touch /app/x /venv/x /etc/x 2>/dev/null && echo writable; grep ^CapEff /proc/self/status"
    assert said("run", *CONFINED, "--entrypoint", "sh", image, "-c", script).split() == ["10001", "CapEff:", "0000000000000000"]


@pytest.mark.parametrize("image", IMAGES)
def test_no_layer_and_no_variable_holds_a_secret(image: str) -> None:
    config = json.loads(said("image", "inspect", image))[0]["Config"]
    names = {entry.partition("=")[0] for entry in config["Env"]}
    assert {name for name in names if SECRET.search(name)} - NOT_SECRET == set()
    commands = said("history", "--no-trunc", "--format", "{{.CreatedBy}}", image)
    assert re.findall(r"(?i)(?:key|token|password|secret)[a-z_]*=\S+", commands.replace("GPG_KEY=", "")) == []


@pytest.mark.parametrize("image", IMAGES)
def test_no_compiler_no_installer_no_cache_and_no_tests(image: str) -> None:
    script = (
        "for tool in gcc cc c++ make pip pip3 curl; do command -v $tool; done; python -c 'import pip' 2>/dev/null && echo pip; "
        "find / -xdev \\( -path '*/.cache/*' -o -path '/app/*tests*' -o -path '/app/*.md' -o -path '/tmp/*' -o -name '.env' \\) 2>/dev/null; true"
    )
    assert said("run", "--rm", "--network", "none", "--user", "0", "--entrypoint", "sh", image, "-c", script) == ""


def test_nothing_but_sources_and_requirements_is_sent_to_the_builder(tmp_path: Path) -> None:
    """What is not sent can be in no layer: no .env, no key, no data."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    said("buildx", "build", "--quiet", "--file", str(tmp_path / "Dockerfile"), "--output", f"type=tar,dest={tmp_path / 'context.tar'}", ".")
    with tarfile.open(tmp_path / "context.tar") as context:
        names = {member.name for member in context if member.isfile()}
    assert "services/producer/requirements.txt" in names
    kinds = r"(libs|services|local)/[\w-]+/(requirements\.txt|src/[\w/]+\.(py|html|css|js)|sql/[\w/]+\.sql)"
    assert {name for name in names if not re.fullmatch(kinds, name)} == set()


def libs(folder: str) -> set[str]:
    """The libs of a folder: the `-r ../../libs/NAME` lines of its requirements.in, and theirs."""
    text = (ROOT / folder / "requirements.in").read_text()
    names = set(re.findall(r"^-r \.\./(?:\.\./libs/)?(\w+)/requirements\.in$", text, re.MULTILINE))
    return names.union(*(libs(f"libs/{name}") for name in names))


@pytest.mark.parametrize("folder", [*(f"services/{name}" for name in SERVICES), "local/market", "local/snowflake"])
def test_it_holds_the_libs_that_it_needs_and_no_other(folder: str) -> None:
    name = folder.partition("/")[2]
    held = set(said("run", *CONFINED, "--entrypoint", "ls", f"stock-{name}:local", "/app/src").split())
    assert held == {f"stock_{lib}" for lib in libs(folder)} | {f"stock_{name.replace('-', '_')}"}


@pytest.mark.parametrize("service", SERVICES)
def test_without_configuration_it_says_what_is_missing(service: str) -> None:
    done = docker("run", *CONFINED, f"stock-{service}:local", seconds=60)
    assert done.returncode == 2, done
    assert {name for name in NEEDED[service] if f"{name} is not set" not in done.stderr} == set()


@pytest.mark.parametrize("image", IMAGES)
def test_its_labels_say_what_it_is(image: str) -> None:
    labels = json.loads(said("image", "inspect", image))[0]["Config"]["Labels"]
    assert {"title", "description", "revision", "base.name"} <= {name.removeprefix("org.opencontainers.image.") for name in labels}
