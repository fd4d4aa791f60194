from __future__ import annotations

from pathlib import Path

import pytest

from stock_stack import archives, brokers
from stock_stack.layout import Layout
from stock_stack.ports import free
from stock_stack.services import component


@pytest.fixture
def jars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(brokers, "JARS", tmp_path / "kafka" / "libs")
    (tmp_path / "kafka").mkdir()
    return tmp_path


@pytest.mark.parametrize("name", brokers.ARCHIVED)
def test_a_server_starts_with_its_archive_where_there_is_one(jars: Path, name: str) -> None:
    ports = free()
    layout = Layout(jars, ports)
    assert "SharedArchiveFile" not in str(component(layout, name).command)
    brokers.archive(name).touch()
    assert f"-XX:SharedArchiveFile={jars}/kafka/{name}.jsa" in component(layout, name).command
    ports.release()


def test_archives_of_another_java_are_made_again(jars: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def make() -> None:
        assert not brokers.archive("kafka").exists()
        made.append(brokers.archive("kafka"))
        made[-1].touch()

    made: list[Path] = []
    monkeypatch.setattr(archives, "make", make)
    for java, times in (("17", 1), ("17", 1), ("21", 2)):
        monkeypatch.setattr(archives, "fits", lambda java=java: java)
        archives.main()
        assert len(made) == times
