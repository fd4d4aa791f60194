"""SIGKILL for a service, and up again: nothing is missing, nothing doubled. Then three sinks."""

from __future__ import annotations

import pytest
from engine import SERVICES, Project
from poll import poll_until
from test_up import audit, rows

UP = ("up", "--detach", "--no-build", "--no-recreate", "--no-deps", "--wait", "--wait-timeout", "90")


@pytest.mark.parametrize("service", SERVICES)
def test_killed_and_up_again(project: Project, service: str) -> None:
    before = rows(project)
    project.do("kill", "--signal", "KILL", service)
    (dead,) = project.of(service)
    assert dead["State"]["ExitCode"] == 137
    project.do(*UP, service, seconds=120)
    poll_until(lambda: audit(project)[0] == 0 and rows(project) > before, f"more records after the death of {service}, all complete", 90, every=4)


def test_three_sinks(project: Project) -> None:
    before = rows(project)
    project.do(*UP, "--scale", "s3-sink=3", "s3-sink", seconds=120)
    assert [part["State"]["Health"]["Status"] for part in project.of("s3-sink")] == ["healthy"] * 3
    poll_until(lambda: audit(project)[0] == 0 and rows(project) > before, "more records with three sinks, all complete", 90, every=4)
    project.do(*UP, "--scale", "s3-sink=1", "s3-sink", seconds=120)
    poll_until(lambda: audit(project)[0] == 0, "a complete audit with one sink again", 60, every=4)
