"""What the process takes of the machine (memory, CPU, open files), and how much memory it may take."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, ProcessCollector

LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where a container's limit stands, with control groups of version 2 and 1."""
NO_LIMIT = 1 << 60
"""Version 1 says "no limit" by a number that no machine has."""


def memory_limit(files: Iterable[Path] = LIMITS) -> float:
    """Bytes that the container may take; infinity where there is no limit, or none is told."""
    for file in files:
        try:
            text = file.read_text(encoding="ascii").strip()
        except OSError:
            continue
        return float(text) if text.isdecimal() and int(text) < NO_LIMIT else math.inf
    return math.inf


def register(registry: CollectorRegistry) -> None:
    """`process_…` of the Prometheus client (nothing where there is no /proc), and `stock_memory_limit_bytes`."""
    ProcessCollector(registry=registry)
    Gauge("stock_memory_limit_bytes", "Memory that the container may take; +Inf: no limit.", registry=registry).set(memory_limit())
