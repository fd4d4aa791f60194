"""The integration suite's end-to-end test, against the containers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from stock_stack.layout import Layout, kafka, objects, warehouse
from stock_testing.compose import UP, Project
from stock_testing.pipeline import Pipeline
from stock_testing.stages import check_stages_hold_the_same


class Contained:
    """A stack of containers, as far as Pipeline uses one: addresses from this machine, stop and start."""

    def __init__(self, project: Project, ports: Mapping[str, int], data: Path) -> None:
        self._project = project
        self.layout = Layout(data, dict(ports))

    def environment(self, name: str) -> dict[str, str]:
        return kafka(self.layout) | objects(self.layout) | warehouse(self.layout)

    def check(self) -> None:
        """Raises AssertionError when a part has ended."""
        ended = {
            name: state
            for name, state in self._project.states().items()
            if any(text.startswith("exited") for text in state - {"exited 0"})
        }
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
        code, verdict = self._project.audit("--full", "--drained")
        return verdict | {"exit_code": code}


@pytest.fixture(scope="module")
def pipeline(
    project: Project, ports: dict[str, int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pipeline]:
    pipeline = ContainedPipeline(project, Contained(project, ports, tmp_path_factory.mktemp("contained")))
    try:
        pipeline.more_quotes(240, 90)
        yield pipeline
    finally:
        pipeline.close()


def test_kafka_s3_and_snowflake_hold_the_same_quotes(pipeline: Pipeline) -> None:
    check_stages_hold_the_same(pipeline)
