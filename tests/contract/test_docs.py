"""Links of the documentation lead somewhere, anchors included, and README keeps to its size."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
]
README_LINES = 100
IMAGE_BYTES = 300_000


def anchors(page: Path) -> set[str]:
    """The anchors that a heading gets: lower case, words joined by hyphens, other signs left out."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"`[^`\n]*`|^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"", text):
        place, _, anchor = (target[0] or target[1]).partition("#")
        if place.startswith(("http:", "https:", "mailto:")):
            continue
        found = (page.parent / place).resolve() if place else page
        if not found.exists() or (anchor and found.suffix == ".md" and anchor not in anchors(found)):
            broken.append(f"{place}#{anchor}")
    assert broken == []


def test_readme_fits_a_screen_or_two() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= README_LINES
    assert all(image.stat().st_size <= IMAGE_BYTES for image in (ROOT / "docs" / "images").iterdir())
