"""SIGKILL for a service or what it needs, and up again: nothing is missing or doubled. Then three sinks."""

from __future__ import annotations

import pytest

from stock_testing.compose import LOCAL, SERVICES, UP, Project
from stock_testing.poll import poll_until


@pytest.mark.parametrize("service", (*SERVICES, "kafka", "zookeeper", "s3", *LOCAL))
def test_killed_and_up_again(project: Project, service: str) -> None:
    before = poll_until(project.complete_rows, "a complete pipeline", 60, every=4)
    project.do("kill", "--signal", "KILL", service)
    (dead,) = project.of(service)
    assert dead["State"]["ExitCode"] == 137
    project.do("up", "--detach", "--no-build", "--no-deps", service, seconds=60)
    # A broker starts again until ZooKeeper has forgotten the one that was killed.
    poll_until(lambda: project.states()[service] == {"healthy"}, f"a healthy {service}", 120, every=1)
    poll_until(
        lambda: project.complete_rows() > before,
        f"more records after the death of {service}, all complete",
        90,
        every=4,
    )


def test_three_sinks(project: Project) -> None:
    before = poll_until(project.complete_rows, "a complete pipeline", 60, every=4)
    project.do(*UP, "--scale", "s3-sink=3", "s3-sink", seconds=120)
    assert [part["State"]["Health"]["Status"] for part in project.of("s3-sink")] == ["healthy"] * 3
    poll_until(
        lambda: project.complete_rows() > before, "more records with three sinks, all complete", 90, every=4
    )
    project.do(*UP, "--scale", "s3-sink=1", "s3-sink", seconds=120)
    poll_until(lambda: project.audit()[0] == 0, "a complete audit with one sink again", 60, every=4)
