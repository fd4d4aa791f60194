"""The integration suite's end-to-end test, against the containers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from engine import Project
from pipeline import Pipeline
from test_complete import test_kafka_s3_and_snowflake_hold_the_same_quotes as test_kafka_s3_and_snowflake_hold_the_same_quotes
from test_kills import UP

from stock_stack.site import Site, kafka, objects, warehouse


class Contained:
    """What the integration tests ask of a stack, of containers: how to reach its parts from this machine, and their end and start."""

    def __init__(self, project: Project, ports: Mapping[str, int], data: Path) -> None:
        self._project = project
        self.site = Site(data, dict(ports))

    def environment(self, name: str) -> dict[str, str]:
        return kafka(self.site) | objects(self.site) | warehouse(self.site)

    def check(self) -> None:
        """Raises AssertionError when a part has ended."""
        ended = {name: state for name, state in self._project.states().items() if any(text.startswith("exited") for text in state - {"exited 0"})}
        assert ended == {}

    def stop(self, name: str) -> int:
        """Returns the exit code."""
        self._project.do("stop", name, seconds=60)
        (part,) = self._project.of(name)
        return part["State"]["ExitCode"]

    def restart(self, name: str) -> None:
        self._project.do(*UP, name, seconds=120)


class ContainedPipeline(Pipeline):
    """With the symbols that compose.yaml names, and the auditor's container for the audit."""

    symbols = 28

    def __init__(self, project: Project, stack: Contained) -> None:
        super().__init__(stack)  # type: ignore[arg-type]
        self._project = project

    def audit(self) -> dict[str, Any]:
        done = self._project.run("exec", "-T", "auditor", "python", "-m", "stock_auditor", "audit", "--full", "--drained", "--json", seconds=90)
        assert done.stdout, done.stderr
        return json.loads(done.stdout) | {"exit_code": done.returncode}


@pytest.fixture(scope="module")
def pipeline(project: Project, ports: dict[str, int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    pipeline = ContainedPipeline(project, Contained(project, ports, tmp_path_factory.mktemp("contained")))
    try:
        pipeline.more_quotes(240, 90)
        yield pipeline
    finally:
        pipeline.close()
