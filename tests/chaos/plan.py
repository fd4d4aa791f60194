"""Which fault hits what, and when: a pure function of the seed and the number of faults."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from chaos.links import BROKERS


class Kind(StrEnum):
    """What is done to a component. README.md says what each is for each component."""

    KILL = "SIGKILL"
    PAUSE = "SIGSTOP"
    RESTART = "restart"
    CUT = "cut"
    DELAY = "delay"
    ERRORS = "errors"
    RECORDS = "records"
    STATUS = "status"
    OBJECTS = "objects"
    ANSWERS = "answers"
    DROP = "drop"
    FREEZE = "freeze"
    FLIP = "flip"
    DISK = "disk"
    PASSWORD = "password"
    KEY = "key"


DEATHS = (Kind.KILL, Kind.PAUSE, Kind.RESTART, Kind.CUT, Kind.DELAY, Kind.ERRORS)
"""What is done to every component."""
COMPONENTS = ("producer", "s3-sink", "sf-loader", "kafka", "zookeeper", "s3", "snowflake", "market")
TARGETS = {
    "s3-sink": ("s3-sink", "s3-sink-2"),
    "sf-loader": ("sf-loader", "sf-loader-2"),
    "kafka": BROKERS,
}
"""Components that run more than once."""
CONTENT = (
    ("strangers", Kind.RECORDS),
    ("strangers", Kind.STATUS),
    ("strangers", Kind.OBJECTS),
    ("market", Kind.ANSWERS),
    ("client", Kind.DROP),
    ("client", Kind.FREEZE),
    ("kafka", Kind.FLIP),
    ("kafka", Kind.DISK),
)
"""Strangers' content, a client that does not deliver, a byte on a broker's disk, a broker's whole disk."""
ROTATIONS = (
    *((service, Kind.PASSWORD) for service in ("producer", "s3-sink", "sf-loader", "auditor")),
    *((service, Kind.KEY) for service in ("sf-loader", "auditor")),
)
"""Instead of CONTENT where services sign in: whose password for Kafka, whose key for Snowflake."""
KILLED = tuple((component, kind) for component in COMPONENTS for kind in DEATHS)
CELLS = (*KILLED, *CONTENT)
CONTENT_EVERY = 3
"""In each round of the matrix every third fault is one of content, until each has come once."""
LEAST = 3
"""Every cell is hit at least so often in FULL faults."""
FULL = 200
PACE = 5.0
"""Mean seconds between two faults."""
SECONDS = {
    Kind.KILL: (0.0, 0.0),
    Kind.PAUSE: (5.0, 40.0),
    Kind.RESTART: (0.0, 0.0),
    Kind.CUT: (1.0, 8.0),
    Kind.DELAY: (5.0, 20.0),
    Kind.ERRORS: (3.0, 15.0),
    Kind.RECORDS: (0.0, 0.0),
    Kind.STATUS: (0.0, 0.0),
    Kind.OBJECTS: (10.0, 30.0),
    Kind.ANSWERS: (3.0, 15.0),
    Kind.DROP: (5.0, 20.0),
    Kind.FREEZE: (0.0, 0.0),
    Kind.FLIP: (0.0, 0.0),
    Kind.DISK: (0.0, 0.0),
    Kind.PASSWORD: (5.0, 20.0),
    Kind.KEY: (5.0, 20.0),
}
"""Least and greatest length of each kind. Those of 0 end when their effect has ended."""
DELAYS = (0.1, 1.5)
"""Seconds that each packet is held back, in each direction."""
STATUSES = (500, 503)
RECOVERY = {"kafka": 14.0, "zookeeper": 8.0}
OTHERS_RECOVER = 8.0
"""Seconds a process is left alone after a fault, so that the next one hits it at work."""


class Fault(NamedTuple):
    """`at`: seconds from the start. `target`: the process. `delay` is in seconds, `status` is HTTP's."""

    number: int
    at: float
    component: str
    target: str
    kind: Kind
    seconds: float
    delay: float
    status: int


Cells = Sequence[tuple[str, Kind]]


def plan(count: int, seed: int, pace: float = PACE, others: Cells = CONTENT) -> list[Fault]:
    """`count` faults in the order of their times. Faults on one process never overlap.

    others: what comes between those of DEATHS.

    Cells are hit evenly: no cell is hit twice before all have been hit once. With fewer faults than cells,
    every component and every kind has its share.
    """
    rng = random.Random(seed)
    waiting = _cells(count, rng, others)
    free_at: Counter[str] = Counter()
    faults: list[Fault] = []
    now = 0.0
    while waiting:
        now += rng.uniform(0.5 * pace, 1.5 * pace)
        component, kind, target = _next(waiting, free_at, now, rng)
        at = max(now, free_at[target])
        seconds = round(rng.uniform(*SECONDS[kind]), 1)
        free_at[target] = at + seconds + RECOVERY.get(component, OTHERS_RECOVER)  # type: ignore[assignment]
        faults.append(
            Fault(
                0,
                round(at, 1),
                component,
                target,
                kind,
                seconds,
                round(rng.uniform(*DELAYS), 2),
                rng.choice(STATUSES),
            )
        )
    return [
        fault._replace(number=number)
        for number, fault in enumerate(sorted(faults, key=lambda fault: fault.at), 1)
    ]


def targets(component: str, kind: Kind) -> tuple[str, ...]:
    """What a fault may hit. Two faults on one target never overlap."""
    if kind in DEATHS or kind is Kind.DISK:
        return TARGETS.get(component, (component,))
    return (component if (component, kind) in ROTATIONS or component in COMPONENTS else kind.value,)


def hits(faults: Sequence[Fault]) -> Counter[tuple[str, Kind]]:
    """How often each cell is hit."""
    return Counter((fault.component, fault.kind) for fault in faults)


def _cells(count: int, rng: random.Random, others: Cells) -> list[tuple[str, Kind]]:
    cells: list[tuple[str, Kind]] = []
    while len(cells) < count:
        cells += _square(rng, others)
    cells = cells[:count]
    rng.shuffle(cells)
    return cells


def _square(rng: random.Random, others: Cells) -> Iterator[tuple[str, Kind]]:
    """Every cell once, row by row of a Latin square: any part of it is spread over components and kinds."""
    components, kinds = rng.sample(COMPONENTS, len(COMPONENTS)), rng.sample(DEATHS, len(DEATHS))
    content = iter(rng.sample(others, len(others)))
    for row in range(len(kinds)):
        for column, component in enumerate(components):
            if (row * len(components) + column) % (CONTENT_EVERY - 1) == 0:
                yield from itertools.islice(content, 1)
            yield component, kinds[(row + column) % len(kinds)]


def _next(
    waiting: list[tuple[str, Kind]], free_at: Counter[str], now: float, rng: random.Random
) -> tuple[str, Kind, str]:
    """Takes the first cell whose process is free, or the first of all where none is."""
    for place, (component, kind) in enumerate(waiting):
        free = [target for target in targets(component, kind) if free_at[target] <= now]
        if free:
            del waiting[place]
            return component, kind, rng.choice(free)
    component, kind = waiting.pop(0)
    return component, kind, rng.choice(targets(component, kind))
