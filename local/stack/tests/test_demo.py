from __future__ import annotations

from pathlib import Path

import pytest

from stock_stack import demo


@pytest.fixture(autouse=True)
def built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(demo, "JARS", tmp_path)
    monkeypatch.setattr(demo, "NEEDS", {})
    monkeypatch.setenv("JAVA_HOME", "somewhere")


def fill(data: Path) -> None:
    with demo.prepare(data, keep=False):
        (data / "kafka").mkdir()
        (data / "kafka" / "log").touch()


def names(data: Path) -> set[str]:
    return {path.name for path in data.iterdir()} - {demo.MARK}


@pytest.mark.parametrize(("keep", "left"), [(False, set()), (True, {"kafka"})])
def test_the_data_of_the_last_run_go_unless_kept(tmp_path: Path, keep: bool, left: set[str]) -> None:
    data = tmp_path / "data"
    fill(data)
    demo.prepare(data, keep).close()
    assert names(data) == left


def test_a_directory_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters").touch()
    with pytest.raises(demo.Unusable, match="holds something else"):
        demo.prepare(tmp_path, keep=False)
    assert names(tmp_path) == {"letters"}


def test_a_directory_in_use_is_left_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    fill(data)
    with demo.prepare(data, keep=True), pytest.raises(demo.Unusable, match="Another demo uses"):
        demo.prepare(data, keep=False)
    assert names(data) == {"kafka"}


def test_what_is_not_built_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "JARS", tmp_path / "none")
    with pytest.raises(demo.Unusable, match="run make build"):
        demo.prepare(tmp_path / "data", keep=False)
