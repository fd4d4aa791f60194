"""What the stack needs to know about one part of the pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

START_SECONDS = 120.0
"""Longest wait for a part to get ready. All parts together take under 30 s on two idle cores."""


@dataclass(frozen=True)
class Component:
    """One part: how it is started, when it is ready, what it needs.

    ready: whether the running part answers in its own protocol. It returns within two seconds.
    may_start: the same, asked before the start.
    needs: names of the parts that must be ready first.
    job: runs once. Exit code 0 means that it is ready.
    passing: ends by itself at some time, and nothing waits for it.
    stop_rank: parts of a lower rank stop earlier. A part that feeds another has a lower rank than it.
    stop_seconds: time from SIGTERM to SIGKILL.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    ready: Callable[[], bool] = lambda: True
    may_start: Callable[[], bool] = lambda: True
    needs: tuple[str, ...] = ()
    job: bool = False
    passing: bool = False
    stop_rank: int = 0
    stop_seconds: float = 30.0
    start_seconds: float = START_SECONDS
