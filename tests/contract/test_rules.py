"""A rule that ALERTS_FILE may have is explained to its writer and its reader, and taken the whole way."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import get_args, get_type_hints

from every_rule import check_rules

from stock_dashboard.data.alerts import RULES
from stock_producer.alerts import rules_file

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "services" / "producer" / "README.md").read_text()
KINDS = get_args(get_args(get_type_hints(rules_file._File)["rules"])[0])


def default(kind: type, field: str) -> str:
    return kind.model_fields[field].default  # type: ignore[attr-defined]


def test_the_readme_explains_each_type() -> None:
    table = README.split("| Type | What raises the alert |\n|---|---|\n")[1].split("\n\n")[0]
    assert re.findall(r"^\| (\w+) \|", table, re.MULTILINE) == [default(kind, "type") for kind in KINDS]


def test_the_readme_has_each_field() -> None:
    """The fields of all rules, besides those that every rule has by another row."""
    table = README.split("| Field | Default | Meaning |\n|---|---|---|\n")[1].split("\n\n")[0]
    named = {name for cell in re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE) for name in cell.split(", ")}
    assert named == {field for kind in KINDS for field in kind.model_fields}


def test_the_page_explains_each_rule() -> None:
    assert set(RULES) == {default(kind, "name") for kind in KINDS}


def test_each_rule_is_taken_the_whole_way() -> None:
    source = inspect.getsource(check_rules)
    assert {kind.__name__ for kind in KINDS} == set(re.findall(r"\b([A-Z]\w+)\([a-z]+=", source))
