"""What the process uses of the machine (memory, CPU, open files), and how much memory it may use."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, ProcessCollector

LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""The files that hold a container's limit, with control groups of version 2 and 1."""
NO_LIMIT = 1 << 60
"""Version 1 writes a number larger than any machine's memory for "no limit"."""


def memory_limit(files: Iterable[Path] = LIMITS) -> float:
    """Bytes that the container may use, infinity where there is no limit or no such file."""
    for file in files:
        try:
            text = file.read_text(encoding="ascii").strip()
        except OSError:
            continue
        return float(text) if text.isdecimal() and int(text) < NO_LIMIT else math.inf
    return math.inf


def register(registry: CollectorRegistry) -> None:
    """The Prometheus client's `process_…` (none where there is no /proc), and `stock_memory_limit_bytes`."""
    ProcessCollector(registry=registry)
    Gauge(
        "stock_memory_limit_bytes",
        "Memory that the container may take, +Inf without a limit.",
        registry=registry,
    ).set(memory_limit())
