"""The end: within the grace period, each exit code 0, and nothing on its way."""

from __future__ import annotations

import time

from stock_testing.compose import LOCAL, SERVICES, Project
from stock_testing.poll import poll_until

GRACE_SECONDS = 40


def test_all_is_there_and_all_end_with_0(project: Project) -> None:
    project.do("stop", "producer", seconds=60)
    poll_until(
        lambda: project.audit("--full", "--drained")[0] == 0, "the audit of a drained pipeline", 60, every=4
    )
    begun = time.monotonic()
    project.do("stop", *SERVICES, *LOCAL, seconds=GRACE_SECONDS * 3)
    assert time.monotonic() - begun < GRACE_SECONDS
    states = project.states()
    assert {name: states[name] for name in (*SERVICES, *LOCAL)} == {
        name: {"exited 0"} for name in (*SERVICES, *LOCAL)
    }
    project.do("down", "--volumes", seconds=120)
    assert project.containers() == []
