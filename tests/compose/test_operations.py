"""Every command of docs/how-to/operations.md, as it is written and in the order of the page.

A command that fails, or a new one that cannot run, fails the test.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from stock_testing.compose import ROOT, Project
from stock_testing.poll import poll_until

PAGE = re.sub(r" \\\n +", " ", (ROOT / "docs" / "how-to" / "operations.md").read_text())
"""With lines that end in a backslash joined to the next."""
PROGRAMS = (
    "docker",
    "audit",
    "monitoring/",
    "make",
    "git",
    "aws",
    "cp",
    "install",
    "chown",
    "curl",
    "jq",
    "stock-",
)
ELSEWHERE = {
    "docker compose up --build --wait": "conftest.py brings the project up so",
    "docker compose --profile monitoring up": "conftest.py",
    "docker compose --profile monitoring down": "test_down.py",
    "docker compose config --format json |": "test_real.py",
    "cp env.example": "test_real.py",
    "install -d -o": "by hand, as root of the host",
    "chown 10001": "by hand, as root of the host",
    "aws ": "needs AWS",
    "git ": "changes the checkout",
    "make images": "run.sh",
    "make demo": "tests/integration/test_demo.py",
    "stock-stack run": "local/stack/tests",
    "make monitoring-test": "CI",
    "make alerts-test": "it is a stack of its own",
    "make lock": "changes the requirements",
    "docker compose exec grafana": "Grafana's image is not always to be had",
    "docker compose exec producer python -c": "needs the vendor's address",
    "stock-sf-loader setup": "prints what an administrator runs",
}
"""Commands that begin so, and why they are not run here."""
PLACES = {
    "SERVICE": "s3-sink",
    "--topic TOPIC --partition N": "--topic stock-data --partition 0",
    "CONTAINER": "$(docker compose ps --quiet s3-sink)",
    "stock-pipeline_": "{name}_",
    # A service that runs writes its own key again.
    "forget ID": "forget audit",
    # The topic was re-created, further up.
    "1a2b3c4d": "$(docker compose exec auditor python -m stock_auditor audit --full "
    "| grep -oP '(?<=accept )[0-9a-f]+(?=[)])')",
}
OTHER_CODES = {
    # It ends so when no more letters come.
    "docker compose exec kafka kafka-console-consumer": {0, 1},
    "docker compose exec -T kafka kafka-console-consumer": {0, 1},
    # Nothing is unreadable here.
    "docker compose exec s3-sink python -m stock_s3_sink skip": {0, 1},
    # Between a step that makes a finding and the one that ends it.
    "audit": {0, 1},
    "docker compose exec auditor python -m stock_auditor audit": {0, 1},
    # The local Snowflake has no warehouse, which it says.
    "docker compose exec sf-loader python -m stock_sf_loader verify": {0, 1},
}
SECONDS = 540


def commands() -> list[str]:
    """Indented blocks by lines, and what stands between backticks; each once, in the page's order."""
    spans = re.findall(r"^ {4}(?! )(.+)$|`([^`\n]+)`", PAGE, re.MULTILINE)
    texts = [re.sub(r" {2,}#.*", "", block or span).strip() for block, span in spans]
    whole = (text for text in texts if text.startswith(PROGRAMS) and " " in text and not text.endswith("…"))
    return list(dict.fromkeys(text for text in whole if text != "docker compose"))


def runs(command: str) -> bool:
    return not any(command.startswith(beginning) for beginning in ELSEWHERE)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("operations")


@pytest.mark.parametrize("command", [command for command in commands() if runs(command)])
def test_it_runs_as_it_is_written(project: Project, ports: dict[str, int], place: Path, command: str) -> None:
    text = re.sub(r"^audit\b", "docker compose exec auditor python -m stock_auditor audit", command)
    for name, value in PLACES.items():
        text = text.replace(name, value.replace("{name}", project.name))
    # Nobody is at a terminal; another project, and no .env, than in this folder.
    text = text.replace("docker compose exec ", "docker compose exec -T ")
    text = text.replace(
        "docker compose ",
        f"docker compose --file {ROOT}/compose.yaml --env-file {os.devnull} --project-name {project.name} ",
    )
    given = {
        name: os.environ[name]
        for name in ("PATH", "HOME", "DOCKER_HOST", "DOCKER_CONFIG")
        if name in os.environ
    }
    given |= {f"STOCK_{part.upper()}_PORT": str(port) for part, port in ports.items()}
    done = subprocess.run(
        ["bash", "-c", text],
        cwd=place,
        env=given,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    codes = next((codes for beginning, codes in OTHER_CODES.items() if command.startswith(beginning)), {0})
    assert done.returncode in codes, (done.stdout + done.stderr)[-3000:]


def test_the_pipeline_is_as_it_was(project: Project) -> None:
    poll_until(lambda: project.audit("--full")[0] == 0, "a complete pipeline after all of it", 120, every=4)


def test_what_is_not_run_here_is_on_the_page() -> None:
    """A command that has left the page leaves the list too."""
    assert {
        beginning
        for beginning in ELSEWHERE
        if not any(command.startswith(beginning) for command in commands())
    } == set()
