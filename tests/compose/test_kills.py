"""SIGKILL for a service or what it stands on, and up again: nothing is missing, nothing doubled. Then three sinks."""

from __future__ import annotations

import pytest
from engine import LOCAL, SERVICES, Project
from poll import poll_until
from test_up import audit, complete_rows

UP = ("up", "--detach", "--no-build", "--no-recreate", "--no-deps", "--wait", "--wait-timeout", "90")


@pytest.mark.parametrize("service", (*SERVICES, "kafka", "zookeeper", "s3", *LOCAL))
def test_killed_and_up_again(project: Project, service: str) -> None:
    before = poll_until(lambda: complete_rows(project), "a complete pipeline", 60, every=4)
    project.do("kill", "--signal", "KILL", service)
    (dead,) = project.of(service)
    assert dead["State"]["ExitCode"] == 137
    project.do("up", "--detach", "--no-build", "--no-deps", service, seconds=60)
    # A broker starts again until ZooKeeper has forgotten the one that was killed.
    poll_until(lambda: project.states()[service] == {"healthy"}, f"a healthy {service}", 120, every=1)
    poll_until(lambda: complete_rows(project) > before, f"more records after the death of {service}, all complete", 90, every=4)


def test_three_sinks(project: Project) -> None:
    before = poll_until(lambda: complete_rows(project), "a complete pipeline", 60, every=4)
    project.do(*UP, "--scale", "s3-sink=3", "s3-sink", seconds=120)
    assert [part["State"]["Health"]["Status"] for part in project.of("s3-sink")] == ["healthy"] * 3
    poll_until(lambda: complete_rows(project) > before, "more records with three sinks, all complete", 90, every=4)
    project.do(*UP, "--scale", "s3-sink=1", "s3-sink", seconds=120)
    poll_until(lambda: audit(project)[0] == 0, "a complete audit with one sink again", 60, every=4)
