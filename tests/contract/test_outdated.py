"""`make outdated` sees what is pinned, and knows which tag is the newest of a kind."""

from __future__ import annotations

import pytest

from tests import outdated


def test_it_sees_packages_and_images() -> None:
    names = {(pin.kind, pin.name) for pin in outdated.pins()}
    assert {("package", "confluent-kafka"), ("package", "streamlit"), ("package", "duckdb")} <= names
    assert {("image", "confluentinc/cp-kafka"), ("image", "python"), ("image", "grafana/grafana")} <= names
    assert not any(name.startswith("stock-") for _, name in names)


@pytest.mark.parametrize(
    ("tag", "tags", "newest"),
    [
        ("v3.9.0", ["v3.10.1", "v3.9.4", "latest", "v4.0.0-rc.1", "3.99.0"], "v3.10.1"),
        (
            "3.12.9-slim-trixie",
            ["3.12.15-slim-trixie", "3.12.20-slim", "3.12.15-slim-trixie2"],
            "3.12.15-slim-trixie",
        ),
        ("4.48", [], "4.48"),
    ],
)
def test_the_newest_tag_of_a_kind(tag: str, tags: list[str], newest: str) -> None:
    assert outdated.newest_of(tag, tags) == newest


def test_what_is_not_reached_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(outdated, "output", lambda *command: None)
    assert outdated.main(["grafana/grafana"]) == 0
    line = capsys.readouterr().out.splitlines()[0]
    assert line.startswith("image    grafana/grafana")
    assert line.endswith("not reached")


def test_an_old_package_is_marked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(outdated, "output", lambda *command: "duckdb (99.0.0)\nAvailable versions: 99.0.0")
    outdated.main(["duckdb"])
    assert capsys.readouterr().out.splitlines()[0].endswith("99.0.0  <")
