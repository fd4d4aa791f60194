from __future__ import annotations

from pathlib import Path

import pytest

from stock_stack import demo, preparation
from stock_stack.services import launcher


@pytest.fixture(autouse=True)
def built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(preparation, "JARS", tmp_path)
    monkeypatch.setattr(preparation, "SERVICES", ())
    monkeypatch.setenv("JAVA_HOME", "somewhere")


def fill(data: Path) -> None:
    with preparation.prepare(data, keep=False):
        (data / "kafka").mkdir()
        (data / "kafka" / "log").touch()


def names(data: Path) -> set[str]:
    return {path.name for path in data.iterdir()} - {preparation.MARK}


@pytest.mark.parametrize(("keep", "left"), [(False, set()), (True, {"kafka"})])
def test_the_data_of_the_last_run_go_unless_kept(tmp_path: Path, keep: bool, left: set[str]) -> None:
    data = tmp_path / "data"
    fill(data)
    preparation.prepare(data, keep).close()
    assert names(data) == left


def test_a_directory_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters").touch()
    with pytest.raises(preparation.Unusable, match="holds something else"):
        preparation.prepare(tmp_path, keep=False)
    assert names(tmp_path) == {"letters"}


def test_a_directory_in_use_is_left_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    fill(data)
    with preparation.prepare(data, keep=True), pytest.raises(preparation.Unusable, match="Another demo uses"):
        preparation.prepare(data, keep=False)
    assert names(data) == {"kafka"}


def test_a_demo_that_is_not_built_says_how_to_build_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparation, "JARS", tmp_path / "none")
    with pytest.raises(preparation.Unusable, match="run make build"):
        preparation.prepare(tmp_path / "data", keep=False)


def test_a_demo_that_runs_says_its_ports(tmp_path: Path) -> None:
    """Also after somebody tried to start another one with its data."""
    with pytest.raises(preparation.Unusable, match="No demo runs"):
        preparation.running(tmp_path)
    for port in (9105, 9205):
        with preparation.prepare(tmp_path, keep=True) as mark:
            preparation.announce(mark, {"auditor-metrics": port})
            with pytest.raises(preparation.Unusable, match="Another demo uses"):
                preparation.prepare(tmp_path, keep=True)
            assert preparation.running(tmp_path) == {"auditor-metrics": port}
    with pytest.raises(preparation.Unusable, match="No demo runs"):
        preparation.running(tmp_path)


def test_a_command_has_the_environment_of_its_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    became: list[tuple[str, list[str], dict[str, str]]] = []
    monkeypatch.setattr(demo.os, "execve", lambda *what: became.append(what))
    monkeypatch.setenv("SNOWFLAKE_ACCOUNT", "the person's own")
    with preparation.prepare(tmp_path, keep=True) as mark:
        preparation.announce(mark, {"kafka": 19092})
        demo.command(tmp_path, "auditor", ["audit", "--full"])
    [(program, words, environment)] = became
    assert (program, words) == (launcher("auditor"), [launcher("auditor"), "audit", "--full"])
    assert environment["KAFKA_BOOTSTRAP_SERVERS"] == "127.0.0.1:19092"
    assert environment["SNOWFLAKE_ACCOUNT"] == "local"
