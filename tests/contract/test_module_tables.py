"""Each service's README says of every module what it does: a module that no table names is not found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = [
    path for path in sorted(ROOT.glob("services/*/stock_*")) if path.is_dir() and path.suffix != ".egg-info"
]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_every_module_is_in_the_table(package: Path) -> None:
    """A module by its name, a folder by its name or by those of its modules."""
    page = (package.parent / "README.md").read_text()
    section = page.split("## Where is what\n")[1].split("\n## ")[0]
    named = {
        name.split("/")[0].removesuffix(".py")
        for row in re.findall(r"^\| (`[^|]*)\|", section, re.MULTILINE)
        for name in re.findall(r"`([^`]+)`", row)
    }
    modules = {path.stem for path in package.glob("*.py")} - {"__init__"}
    folders = {path.parent.name for path in package.glob("*/__init__.py")}
    assert modules | folders == named - {"schema"}
