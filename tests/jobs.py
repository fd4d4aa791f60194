"""What `tests/run.py` runs: suites as jobs, and the integration suite in parts that run side by side.

A part is one process with its own stack on its own ports. Files that use the session's stack (the fixture
`pipeline`) share one, and are divided so that the parts take equally long. So do those that use
`secure_stack`, in one part. Each other file makes its own stack and is its own part.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
DURATIONS = ROOT / "tests" / "durations.json"
"""Job or file of the integration suite → seconds on two cores. `run.py --record` writes it."""
PROCESSOR = ROOT / "tests" / "processor.json"
"""Job → seconds of CPU time, of all its processes. `run.py --record` writes it."""
UNKNOWN_SECONDS = 60.0
SESSIONS = 2
"""Stacks that the session's files are divided among."""
START_SECONDS = 30.0
"""A session's stack with its first quotes."""
WHOLE, PART = 1.0, 0.65
"""Cores that a job keeps busy, where nobody has recorded it: a stack waits most of the time."""
LEAST = 0.4
"""A stack that waits has moments in which it does not: no more than five begin on two cores."""
ALONE = {"tests/integration/test_slow_storage.py": 2.0}
"""Files with a limit on memory or speed, which others on the same cores would decide."""
INTEGRATION = "tests/integration"
SIMULATION = "tests/simulation"
"""It runs in the environment that holds every service."""
STACKS = (INTEGRATION, "tests/chaos", "tests/upgrade")
SESSION_FIXTURE = re.compile(r"\(.*\bpipeline: Pipeline\b", re.MULTILINE)
SECURE_FIXTURE = re.compile(r"\bsecure_stack: Stack\b")
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


def recorded(file: Path) -> dict[str, float]:
    """What is in DURATIONS or PROCESSOR."""
    return json.loads(file.read_text()) if file.exists() else {}


def jobs(
    names: Iterable[str], known: Mapping[str, float], processor: Mapping[str, float] = MappingProxyType({})
) -> list[Job]:
    """The jobs of the suites named, longest first. `known`: seconds, `processor`: those of CPU time."""
    found: list[Job] = []
    for name in names:
        if name == INTEGRATION:
            found += integration(sorted((ROOT / name).glob("test_*.py")), known)
        elif name == "lint":
            found.append(Job(name, name, (), known.get(name, UNKNOWN_SECONDS), 2 * WHOLE))
        else:
            path = name if name.startswith("tests/") else f"{name}/tests"
            found.append(Job(name, name, (path,), known.get(name, UNKNOWN_SECONDS)))
    weighed = [job._replace(cores=cores(job, processor)) for job in found]
    return sorted(weighed, key=lambda job: -job.seconds)


def cores(job: Job, processor: Mapping[str, float]) -> float:
    """How many cores the job keeps busy on average, by what was recorded."""
    if job.cores > WHOLE or job.name not in processor:
        return job.cores
    return min(WHOLE, max(LEAST, round(processor[job.name] / max(job.seconds, 1.0), 2)))


def integration(files: Iterable[Path], known: Mapping[str, float]) -> list[Job]:
    """The parts of the integration suite."""
    shared: dict[str, float] = {}
    secure: dict[str, float] = {}
    parts: list[Job] = []
    for file in files:
        name, text = f"{INTEGRATION}/{file.name}", file.read_text(encoding="utf-8")
        seconds = known.get(name, UNKNOWN_SECONDS)
        if SECURE_FIXTURE.search(text):
            secure[name] = seconds
        elif uses_session(text):
            shared[name] = seconds
        else:
            parts.append(Job(name.removesuffix(".py"), INTEGRATION, (name,), seconds, ALONE.get(name, PART)))
    for number, group in enumerate(divide(shared, SESSIONS), 1):
        seconds = START_SECONDS + sum(shared[name] for name in group)
        parts.append(Job(f"{INTEGRATION} session {number}", INTEGRATION, tuple(group), seconds, PART))
    if secure:
        parts.append(Job(f"{INTEGRATION} secure", INTEGRATION, tuple(secure), sum(secure.values()), PART))
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
