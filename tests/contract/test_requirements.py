"""Every locked requirement has a wheel on each system and Python that README.md names. Nothing is installed.

The pins of all folders are resolved together, because a folder at a time takes minutes. It needs the package
index.
"""

from __future__ import annotations

import os
import re
import subprocess
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UV = ROOT / ".build" / "tools" / "bin" / "uv"
PLATFORMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28", "aarch64-apple-darwin")
"""uv's names. Linux with glibc 2.28 or newer, and macOS on Apple silicon."""
MACOS = "14.0"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
CASES = tuple(product(PLATFORMS, PYTHONS))
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[^]]*\])?==.*?(?= \\$|$)", re.MULTILINE)


def pins(text: str) -> dict[str, frozenset[str]]:
    """Name → its lines, without hashes. A name has several where its version depends on the system."""
    found: dict[str, set[str]] = {}
    for line in PIN.finditer(text):
        found.setdefault(line["name"].lower(), set()).add(line[0])
    return {name: frozenset(lines) for name, lines in found.items()}


def compatible(files: list[Path]) -> list[dict[str, frozenset[str]]]:
    """The pins of all files in as few sets as possible, each with one version of a name."""
    sets: list[dict[str, frozenset[str]]] = []
    for file in files:
        for name, lines in pins(file.read_text()).items():
            if not any(each.setdefault(name, lines) == lines for each in sets):
                sets.append({name: lines})
    return sets


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Future[str]]:
    """(platform, Python) → what uv has to complain about."""
    folder = tmp_path_factory.mktemp("requirements")
    files = sorted(
        path for place in ("libs", "services", "local") for path in ROOT.glob(f"{place}/*/requirements*.txt")
    )
    lists = []
    for number, each in enumerate(compatible(files)):
        lists.append(folder / f"{number}.txt")
        lists[-1].write_text("".join(f"{line}\n" for lines in each.values() for line in sorted(lines)))

    def complaints(platform: str, python: str) -> str:
        command = [
            *(UV, "pip", "install", "--dry-run", "--quiet", "--no-deps", "--only-binary", ":all:"),
            *("--python-platform", platform, "--python-version", python, "--target", folder / "none"),
        ]
        done = [
            subprocess.run(
                [*command, "--python", UV.with_name("python"), "-r", path],
                env=os.environ | {"MACOSX_DEPLOYMENT_TARGET": MACOS},
                capture_output=True,
                text=True,
                timeout=100,
            )
            for path in lists
        ]
        return "".join(each.stderr for each in done if each.returncode)

    with ThreadPoolExecutor(6) as pool:
        return {case: pool.submit(complaints, *case) for case in CASES}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("case", CASES, ids=" ".join)
def test_each_requirement_has_a_wheel(
    answers: dict[tuple[str, str], Future[str]], case: tuple[str, str]
) -> None:
    assert answers[case].result() == ""


def test_the_pins_of_all_folders_are_read() -> None:
    assert pins("a==1 \\\n    --hash=x\nb[c]==2 ; sys_platform == 'darwin' \\\nb==3\n") == {
        "a": {"a==1"},
        "b": {"b[c]==2 ; sys_platform == 'darwin'", "b==3"},
    }
