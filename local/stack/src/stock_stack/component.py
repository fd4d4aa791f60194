"""What the starter knows of one part of the pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

START_SECONDS = 120.0
"""Longest wait for a part to get ready: all parts together take under 30 s on two idle cores."""


@dataclass(frozen=True)
class Component:
    """`ready` asks the running part by its own protocol, and is False while it is not; it takes a second or two at most.

    `may_start` is asked in the same way before the start. A `job` runs once: its exit code 0 is its readiness. `needs` name the
    parts that must be ready first. Parts of a lower `stop_rank` stop earlier: what feeds another before it, then what they need.
    `stop_seconds` is what a part is given after SIGTERM before it is killed.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    ready: Callable[[], bool] = lambda: True
    may_start: Callable[[], bool] = lambda: True
    needs: tuple[str, ...] = ()
    job: bool = False
    stop_rank: int = 0
    stop_seconds: float = 30.0
    start_seconds: float = START_SECONDS
