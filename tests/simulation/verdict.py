"""Runs schedules by their numbers. A number says which world it is of, and everything that happens in it."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from . import stand_ins, warehouse
from .engine import Violation
from .pipeline_run import PipelineRun
from .schedule import Schedule, make
from .shrink import shrunk
from .sink_run import SinkRun
from .sinks import crash

COLLECT = 500
"""Runs between two collections of garbage."""


class Broken(NamedTuple):
    """The number of a schedule that breaks the guarantee, and how."""

    seed: int
    text: str


def install() -> None:
    """Prepares the product's modules. Once a process of Python."""
    stand_ins.install()
    warehouse.install()


def verdict(schedule: Schedule, story: list[str] | None = None) -> str:
    """What is broken, empty where nothing is."""
    try:
        (PipelineRun if schedule.loaders else SinkRun)(schedule, story).play()
    except Violation as error:
        return str(error)
    except Exception as error:  # of the simulation itself, or of what a mutant has made of it
        return f"the run ended: {crash(error)}"
    return ""


def search(seeds: Iterable[int]) -> Iterator[Broken]:
    """The schedules of these numbers that break the guarantee."""
    install()
    for count, seed in enumerate(seeds):
        if count % COLLECT == 0:
            gc.collect()
        if text := verdict(make(seed)):
            yield Broken(seed, text)


def cause(text: str) -> str:
    """What two texts of one cause have in common."""
    return re.sub(r"raw/\S+|[0-9]+", "", text)[:40]


def tell(seed: int) -> str:
    """The story of a schedule that breaks the guarantee, made short, or that it does not."""
    install()
    text = verdict(make(seed))
    if not text:
        return f"schedule {seed} breaks nothing"
    short = shrunk(make(seed), lambda schedule: cause(verdict(schedule)) == cause(text))
    story: list[str] = []
    broken = verdict(short, story)
    return "\n".join(
        [f"schedule {seed}: {text}", f"as short as it gets: {short.described()}", *story, broken]
    )
