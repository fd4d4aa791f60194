from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator

import pytest
from engine import ROOT, Project, docker

# poll_until is the integration tests' own.
sys.path.append(str(ROOT / "tests" / "integration"))
PARTS = ("dashboard", "kafka", "s3", "snowflake", "market", "prometheus", "alertmanager", "grafana")
GRAFANA = "grafana/grafana:"


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [part.getsockname()[1] for part in sockets]
    for part in sockets:
        part.close()
    return ports


@pytest.fixture(scope="session")
def ports() -> dict[str, int]:
    return dict(zip(PARTS, free_ports(len(PARTS)), strict=True))


@pytest.fixture(scope="session")
def images() -> None:
    """The images, built as they are now."""
    project = Project("stock-images", {})
    project.do("build", seconds=1500)


@pytest.fixture(scope="session")
def project(images: None, ports: dict[str, int]) -> Iterator[Project]:
    """The whole file, up and healthy without any .env, monitoring included. One for the session: a test leaves it up and complete."""
    variables = {f"STOCK_{part.upper()}_PORT": str(port) for part, port in ports.items()}
    project = Project(f"stock-test-{os.getpid()}", variables, ["monitoring"])
    # Grafana is left out by name only where its image cannot be had.
    parts = [] if image_of(GRAFANA) else [name for name in project.do("config", "--services").split() if name != "grafana"]
    try:
        project.do("up", "--detach", "--wait", "--wait-timeout", "400", *parts, seconds=500)
        yield project
    finally:
        log = ROOT / ".build" / "reports" / "compose.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(project.run("logs", "--no-color", "--timestamps", seconds=60).stdout)
        project.run("down", "--volumes", "--remove-orphans", seconds=180)


def image_of(prefix: str) -> bool:
    """Whether compose.yaml's image that begins so is here, or can be had."""
    lines = [line.split("image:")[1].strip() for line in (ROOT / "compose.yaml").read_text().splitlines() if f"image: {prefix}" in line]
    return docker("image", "inspect", lines[0]).returncode == 0 or docker("pull", "--quiet", lines[0], seconds=300).returncode == 0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What ends the project comes last."""
    items.sort(key=lambda item: item.path.stem == "test_down")
