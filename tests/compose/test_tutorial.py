"""Every command of docs/tutorial.md, as it is written and in the order of the page, and what it shows."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping

import pytest

from stock_testing.compose import ROOT, Project
from stock_testing.poll import poll_until

PAGE = (ROOT / "docs" / "tutorial.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
ELSEWHERE = ("docker compose up --build --wait\n", "docker compose down\n")
"""conftest.py starts and ends the project in this way."""
EVENT_ID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b")
SECONDS = 600


def run(block: str, project: Project, ports: Mapping[str, int]) -> tuple[int, str]:
    """Exit code and output of a block. The project is the test's, and no .env of this folder is read."""
    options = f"--file {ROOT}/compose.yaml --env-file {os.devnull} --project-name {project.name}"
    given = {
        name: os.environ[name]
        for name in ("PATH", "HOME", "DOCKER_HOST", "DOCKER_CONFIG")
        if name in os.environ
    }
    given |= {f"STOCK_{part.upper()}_PORT": str(port) for part, port in ports.items()}
    done = subprocess.run(
        ["bash", "-e", "-c", block.replace("docker compose ", f"docker compose {options} ")],
        env=given,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
    )
    return done.returncode, done.stdout


@pytest.fixture(scope="module")
def shown(project: Project, ports: dict[str, int]) -> list[str]:
    """What each block printed, in the order of the page. Each ends with exit code 0."""
    poll_until(lambda: run(BLOCKS[3], project, ports)[0] == 0, "the first quote in Snowflake", 90, every=3)
    outputs = []
    for block in BLOCKS:
        code, output = (0, "") if block in ELSEWHERE else run(block, project, ports)
        assert code == 0, f"{block}\n{output[-3000:]}"
        outputs.append(output)
    return outputs


def test_the_page_starts_and_ends_the_project() -> None:
    assert (BLOCKS[0], BLOCKS[-1]) == ELSEWHERE


def test_one_quote_has_the_same_id_in_kafka_on_s3_and_in_snowflake(shown: list[str]) -> None:
    ids = [EVENT_ID.findall(output) for output in shown[1:4]]
    assert all(len(found) == 1 for found in ids), shown[1:4]
    assert len({found[0] for found in ids}) == 1


def test_the_audits_say_what_the_page_says(shown: list[str]) -> None:
    first, after_the_kill, damaged, repaired = shown[4], shown[6], shown[8], shown[9]
    assert all("Complete" in output for output in (first, after_the_kill, repaired))
    assert "deleted object" in damaged
    assert "exit code 1" in damaged
