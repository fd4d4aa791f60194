"""What breaks a part of a project from inside: stopped, held, short of memory, other settings, visited."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from stock_testing.compose import ROOT, UP, Project, docker, output
from stock_testing.poll import poll_until

HERE = Path(__file__).parent
MEBIBYTE = 1 << 20
RECREATE = ("up", "--detach", "--no-build", "--no-deps", "--wait", "--wait-timeout", "240")
DEBUGGER = (
    "--cap-drop",
    "ALL",
    "--cap-add",
    "SYS_PTRACE",
    "--cap-add",
    "DAC_READ_SEARCH",
    "--network",
    "none",
)


@contextmanager
def stopped(project: Project, service: str) -> Iterator[None]:
    project.do("stop", service, seconds=60)
    try:
        yield
    finally:
        project.do(*UP, service, seconds=120)


@contextmanager
def held(project: Project, service: str) -> Iterator[None]:
    """The service's main thread stands still; it goes on answering."""
    (part,) = project.of(service)
    found = re.match(r"FROM (\S+)", (ROOT / "services" / service / "Dockerfile").read_text())
    assert found, service
    beside = ("--pid", f"container:{part['Id']}")
    debugger = output(
        "run", "--detach", *beside, *DEBUGGER, found[1], "python", "-c", (HERE / "hold.py").read_text()
    ).strip()
    try:
        poll_until(lambda: "held" in output("logs", debugger), f"{service} held", 30)
        yield
    finally:
        docker("rm", "--force", debugger)


@contextmanager
def given(project: Project, variables: Mapping[str, str], service: str) -> Iterator[None]:
    """The service runs with other variables, and with its own ones again afterwards."""
    project.but(variables).do(*RECREATE, service, seconds=150)
    try:
        yield
    finally:
        project.do(*RECREATE, service, seconds=150)


def limit_memory(project: Project, service: str, size: float) -> None:
    (part,) = project.of(service)
    output("update", "--memory", str(int(size)), "--memory-swap", str(int(size)), part["Id"])
    project.do("restart", service, seconds=60)


def visit(project: Project, query: str, seconds: float) -> None:
    """A tab that opens a page of the dashboard, and closes after so long."""
    script = (HERE / "visit.py").read_text()
    project.do("exec", "-T", "dashboard", "python", "-c", script, query, str(seconds), seconds=seconds + 30)
