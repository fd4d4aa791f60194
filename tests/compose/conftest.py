from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from stock_testing.compose import ROOT, Project, docker, free_ports

GRAFANA = "grafana/grafana:"


@pytest.fixture(scope="session")
def ports() -> dict[str, int]:
    return free_ports()


@pytest.fixture(scope="session")
def images() -> None:
    """The images, built as they are now."""
    project = Project("stock-images", {})
    project.do("build", seconds=1500)


@pytest.fixture(scope="session")
def name() -> str:
    """The project's. run.sh gives it, and sees to it that nothing of it is left."""
    return os.environ.get("STOCK_COMPOSE_PROJECT") or f"stock-test-{os.getpid()}"


@pytest.fixture(scope="session")
def project(images: None, name: str, ports: dict[str, int]) -> Iterator[Project]:
    """All of compose.yaml without a .env, healthy. One for the session: a test leaves it up and complete."""
    variables = {f"STOCK_{part.upper()}_PORT": str(port) for part, port in ports.items()}
    project = Project(name, variables, ["monitoring"])
    # Grafana is left out by name only where its image cannot be had.
    parts = [] if image_of(GRAFANA) else project.without("grafana")
    try:
        project.do("up", "--detach", "--wait", "--wait-timeout", "900", *parts, seconds=500)
        yield project
    finally:
        project.end("compose.log")


def image_of(prefix: str) -> bool:
    """Whether compose.yaml's image that begins so is here, or can be had."""
    lines = [
        line.split("image:")[1].strip()
        for line in (ROOT / "compose.yaml").read_text().splitlines()
        if f"image: {prefix}" in line
    ]
    return (
        docker("image", "inspect", lines[0]).returncode == 0
        or docker("pull", "--quiet", lines[0], seconds=300).returncode == 0
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What changes the project comes after what looks at it, and what ends it comes last."""
    late = ("test_tutorial", "test_operations", "test_down")
    items.sort(key=lambda item: late.index(item.path.stem) if item.path.stem in late else -1)
