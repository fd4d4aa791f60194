"""What `tests/run.py` runs: suites as jobs, and the integration suite in parts that run side by side.

A part is one process with its own stack on its own ports. Files that use the session's stack (the fixture
`pipeline`) share one, and are divided so that the parts take equally long. Each other file makes its own
stack and is its own part.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
DURATIONS = ROOT / "tests" / "durations.json"
"""Job or file of the integration suite → seconds on two cores. `run.py --record` writes it."""
UNKNOWN_SECONDS = 60.0
SESSIONS = 2
"""Stacks that the session's files are divided among."""
START_SECONDS = 30.0
"""A session's stack with its first quotes."""
WHOLE, PART = 1.0, 0.65
"""Cores that a job keeps busy. A stack waits most of the time, so three run side by side on two cores."""
CHAOS = 1.0
"""Its stack has more processes and more load, and fits next to one other."""
ALONE = {"tests/integration/test_slow_storage.py": 2.0}
"""Files with a limit on memory or speed, which others on the same cores would decide."""
INTEGRATION = "tests/integration"
SIMULATION = "tests/simulation"
"""It runs in the environment that holds every service."""
STACKS = (INTEGRATION, "tests/chaos", "tests/upgrade")
SESSION_FIXTURE = re.compile(r"\(.*\bpipeline: Pipeline\b", re.MULTILINE)
OWN_STACK = re.compile(r"\bbare_pipeline\(|\bwith Stack\(")


class Job(NamedTuple):
    """Something to run. `paths` are pytest's arguments, empty for `lint`."""

    name: str
    suite: str
    paths: tuple[str, ...]
    seconds: float
    cores: float = WHOLE

    @property
    def environment(self) -> str:
        """The folder whose virtual environment it runs in."""
        if self.suite == SIMULATION:
            return "tests/contract"
        return "local/stack" if self.suite in STACKS else self.suite


def durations() -> dict[str, float]:
    return json.loads(DURATIONS.read_text()) if DURATIONS.exists() else {}


def jobs(names: Iterable[str], known: Mapping[str, float]) -> list[Job]:
    """The jobs of the suites named, longest first."""
    found: list[Job] = []
    for name in names:
        if name == INTEGRATION:
            found += integration(sorted((ROOT / name).glob("test_*.py")), known)
        elif name == "lint":
            found.append(Job(name, name, (), known.get(name, UNKNOWN_SECONDS), 2 * WHOLE))
        else:
            path = name if name.startswith("tests/") else f"{name}/tests"
            cores = CHAOS if name == "tests/chaos" else WHOLE
            found.append(Job(name, name, (path,), known.get(name, UNKNOWN_SECONDS), cores))
    return sorted(found, key=lambda job: -job.seconds)


def integration(files: Iterable[Path], known: Mapping[str, float]) -> list[Job]:
    """The parts of the integration suite."""
    shared: dict[str, float] = {}
    parts: list[Job] = []
    for file in files:
        name = f"{INTEGRATION}/{file.name}"
        seconds = known.get(name, UNKNOWN_SECONDS)
        if uses_session(file.read_text(encoding="utf-8")):
            shared[name] = seconds
        else:
            parts.append(Job(name.removesuffix(".py"), INTEGRATION, (name,), seconds, ALONE.get(name, PART)))
    for number, group in enumerate(divide(shared, SESSIONS), 1):
        seconds = START_SECONDS + sum(shared[name] for name in group)
        parts.append(Job(f"{INTEGRATION} session {number}", INTEGRATION, tuple(group), seconds, PART))
    return parts


def uses_session(text: str) -> bool:
    """Whether the module's tests ask for the session's stack."""
    return bool(SESSION_FIXTURE.search(text)) and not OWN_STACK.search(text)


def divide(weights: Mapping[str, float], parts: int) -> list[list[str]]:
    """The names in up to `parts` groups: the heaviest first, each into the lightest group."""
    groups: list[list[str]] = [[] for _ in range(parts)]
    for name in sorted(weights, key=lambda each: (-weights[each], each)):
        min(groups, key=lambda group: sum(weights[each] for each in group)).append(name)
    return [sorted(group) for group in groups if group]
