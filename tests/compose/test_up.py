"""The whole project without any .env: healthy, confined, and complete from end to end."""

from __future__ import annotations

import urllib.request

from stock_testing.compose import LOCAL, SERVICES, Project
from stock_testing.poll import poll_until

JOBS = ("topics", "bucket", "database", "migrations")


def test_every_part_is_healthy(project: Project) -> None:
    # The operations manual's commands have started some of them again.
    poll_until(
        lambda: "starting" not in set().union(*project.states().values()), "no part to be starting", 90
    )
    states = project.states()
    assert {name: states.pop(name) for name in JOBS} == {name: {"exited 0"} for name in JOBS}
    # It fetches the past once, beside the others. Nothing asks it.
    assert states.pop("history") == {"running"}
    assert states == {name: {"healthy"} for name in states}
    assert {*SERVICES, *LOCAL, "zookeeper", "kafka", "s3", "prometheus", "alertmanager"} <= set(states)


def test_every_container_is_confined(project: Project) -> None:
    for part in project.containers():
        name, host = part["Name"], part["HostConfig"]
        assert host["ReadonlyRootfs"], name
        assert host["CapDrop"] == ["ALL"], name
        assert host["SecurityOpt"] == ["no-new-privileges:true"], name
        assert 0 < host["Memory"] <= 1024**3, name
        assert host["LogConfig"]["Config"].get("max-size"), name
        assert part["Config"]["StopTimeout"] == 40, name
        addresses = {
            entry["HostIp"] for entries in (host["PortBindings"] or {}).values() for entry in entries
        }
        assert addresses <= {"127.0.0.1"}, name
        if part["Config"]["Image"].startswith("stock-"):
            assert part["Config"]["User"] == "10001:10001", name


def test_the_page_is_served(project: Project, ports: dict[str, int]) -> None:
    with urllib.request.urlopen(
        f"http://127.0.0.1:{ports['dashboard']}/_stcore/health", timeout=10
    ) as answer:
        assert answer.read() == b"ok"


def test_quotes_arrive_and_the_audit_is_complete(project: Project) -> None:
    poll_until(
        lambda: project.complete_rows() >= 100, "100 records in Snowflake and a complete audit", 100, every=5
    )
    code, verdict = project.audit("--full")
    assert code == 0, verdict
