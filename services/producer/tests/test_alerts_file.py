from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.readme import README

from stock_producer.alerts.rules_file import watches


def read(path: Path, text: str) -> list[str]:
    (path / "alerts.yaml").write_text(text)
    return [watch.rule.name for watch in watches(path / "alerts.yaml")]


def test_the_readmes_example_is_one(tmp_path: Path) -> None:
    [example] = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert read(tmp_path, example) == ["move", "move-within", "ibm-250", "volume-spike", "silence"]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        pytest.param("rules: [", ["is not YAML"], id="no YAML"),
        pytest.param("", ["the file"], id="empty"),
        pytest.param("rules: []", ["rules"], id="no rule"),
        pytest.param(
            "rules:\n- {type: move_within, percent: -1, minuts: 5}\n- {type: price_crossing}\n- {type: gap}\n"
            "- {type: silence, minutes: 0, severity: loud}",
            [
                "rule 1, percent",
                "rule 1, minutes",
                "rule 1, minuts",
                "rule 2, price",
                "rule 2, symbols",
                "rule 3",
                "rule 4, minutes",
                "rule 4, severity",
            ],
            id="all faults of all rules",
        ),
        pytest.param(
            "rules:\n- {type: silence, minutes: 5, symbols: [ON, NO]}",
            ["rule 1, symbols", "as true: quote it"],
            id="a ticker that is a boolean",
        ),
        pytest.param("rules:\n- {type: silence, minutes: 5, symbols: [600104]}", ["quote it"], id="a number"),
        pytest.param("rules:\n- {type: silence, minutes: 5, name: off}", ["quote it"], id="a name"),
        pytest.param(
            "rules:\n- {type: silence, minutes: 5}\n- {type: silence, minutes: 9}",
            ["different names: silence"],
            id="a name twice",
        ),
    ],
)
def test_every_fault_is_named(tmp_path: Path, text: str, faults: list[str]) -> None:
    with pytest.raises(ValueError) as refused:
        read(tmp_path, text)
    assert [fault for fault in faults if fault not in str(refused.value)] == []


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        watches(tmp_path / "none.yaml")
