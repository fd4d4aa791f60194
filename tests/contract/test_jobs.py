"""How `tests/run.py` divides and orders what it runs."""

from __future__ import annotations

from pathlib import Path

from tests import jobs

WITH_SESSION = "def test_it(pipeline: Pipeline) -> None: ..."
WITH_SECURE = "def whole(secure_stack: Stack): ...\ndef audit(pipeline: Pipeline): ..."
WITH_OWN = "def bare(): \n    with bare_pipeline(data) as pipeline: ...\ndef audit(pipeline: Pipeline): ..."


def test_groups_weigh_nearly_the_same() -> None:
    assert jobs.divide({"a": 9, "b": 5, "c": 4, "d": 1}, 2) == [["a", "d"], ["b", "c"]]
    assert jobs.divide({"a": 1}, 2) == [["a"]]


def test_each_test_file_of_the_integration_suite_runs_once() -> None:
    parts = jobs.jobs([jobs.INTEGRATION], {})
    files = [f"{jobs.INTEGRATION}/{path.name}" for path in (jobs.ROOT / jobs.INTEGRATION).glob("test_*.py")]
    assert sorted(path for part in parts for path in part.paths) == sorted(files)


def test_files_share_a_stack_only_where_they_ask_for_the_sessions(tmp_path: Path) -> None:
    texts = {"test_a": WITH_SESSION, "test_b": WITH_OWN, "test_c": WITH_SESSION}
    for name, text in {**texts, "test_d": WITH_SECURE, "test_e": WITH_SECURE}.items():
        (tmp_path / f"{name}.py").write_text(text)
    parts = jobs.integration(sorted(tmp_path.glob("*.py")), {})
    assert [part.paths for part in parts] == [
        ("tests/integration/test_b.py",),
        ("tests/integration/test_a.py",),
        ("tests/integration/test_c.py",),
        ("tests/integration/test_d.py", "tests/integration/test_e.py"),
    ]


def test_the_longest_job_begins_first() -> None:
    known = {"services/auditor": 10, "services/producer": 70, "lint": 30}
    order = [job.name for job in jobs.jobs(["lint", "services/auditor", "services/producer"], known)]
    assert order == ["services/producer", "lint", "services/auditor"]


def test_a_job_takes_the_cores_that_it_was_seen_to_keep_busy() -> None:
    known, names = {"services/auditor": 10, "libs/kafka": 10, "lint": 30}, ["services/auditor", "libs/kafka"]
    found = {
        job.name: job.cores for job in jobs.jobs([*names, "lint"], known, {"services/auditor": 7, "lint": 9})
    }
    assert found == {"services/auditor": 0.7, "libs/kafka": jobs.WHOLE, "lint": 2 * jobs.WHOLE}
    waiting = jobs.jobs(["libs/kafka"], known, {"libs/kafka": 1})
    assert [job.cores for job in waiting] == [jobs.LEAST]


def test_a_stack_runs_in_the_environment_of_the_starter() -> None:
    [chaos] = jobs.jobs(["tests/chaos"], {})
    assert (chaos.environment, chaos.paths) == ("local/stack", ("tests/chaos",))
