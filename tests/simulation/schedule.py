"""A schedule: what happens in one run, made from one number. Pure."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from .world import Fault

HORIZON = 120.0
"""Seconds in which things go wrong. Then the run is left in peace until it has settled."""
SLEEPS = (1.0, 30.0, 50.0, 250.0, 310.0, 900.0, 7200.0)
DELAYS = (0.5, 5.0, 40.0, 100.0, 400.0, 2000.0)
ANY = ("killed before", "killed after", "killed, late", "asleep before", "asleep after", "slow", "late")
LOST = ("answer lost", "no answer")
S3_ERRORS = ("conflict", "5xx", "5xx that stored", "5xx that stored, sent again")
REQUESTS: dict[str, tuple[int, tuple[str, ...]]] = {
    "put": (14, (*ANY, *LOST, *S3_ERRORS)),
    "head": (14, (*ANY, *LOST, "5xx")),
    "list": (20, (*ANY, *LOST, "5xx")),
    "describe topics": (20, (*ANY, *LOST)),
    "ask watermarks": (6, (*ANY, *LOST)),
    "ask ends": (10, (*ANY, *LOST)),
    "read again": (4, (*ANY, *LOST)),
    "sql": (40, (*ANY, *LOST, "gave up", "session expired")),
    "sql connect": (6, (*ANY, *LOST)),
    "sql lease": (8, (*ANY, *LOST, "suspended")),
    "sql copy": (8, (*ANY, *LOST, "gave up", "suspended")),
    "sql add": (8, (*ANY, *LOST)),
    "sql commit": (8, (*ANY, *LOST, "suspended")),
    "ask offsets": (10, (*ANY, *LOST)),
    "produce": (4, ("killed before", "killed after", "late", "no answer")),
    "fetch": (20, ("leaves out", "brings again", "stands still")),
}
"""Kind of request → how many of them may be disturbed, and how."""
SINK_FAULTS = ("put", "head", "list", "describe topics", "ask watermarks", "ask ends", "read again", "fetch")
ACTIONS = {
    "produce": 8,
    "produce bad": 2,
    "marker": 2,
    "clock on": 3,
    "clock back": 1,
    "expire": 3,
    "elect": 1,
    "elect unclean": 1,
    "remake": 1,
    "stop": 2,
    "kill": 3,
    "sleep": 3,
    "join": 2,
    "unreadable": 1,
    "stranger": 2,
    "forged link": 1,
}
"""What happens at a time, and how often it is drawn."""


PIPELINE_FAULTS = (
    *("sql", "sql connect", "sql lease", "sql copy", "sql add", "sql commit", "sql commit", "ask offsets"),
    *("put", "head", "list"),
)
PIPELINE_ACTIONS = {
    "produce": 8,
    "produce bad": 1,
    "marker": 1,
    "clock on": 2,
    "expire": 2,
    "elect unclean": 1,
    "remake": 1,
    "kill": 1,
    "sleep": 1,
    "stranger": 1,
    "forged link": 1,
    "reload": 2,
    "retry": 2,
    "end transactions": 3,
    "kill loader": 2,
    "sleep loader": 3,
    "sleep auditor": 2,
    "delete row": 1,
    "double row": 1,
    "delete object": 1,
}


class Item(NamedTuple):
    """One thing that happens: `kind` is `time` (at `at` seconds), or the kind of request (its `number`)."""

    kind: str
    name: str
    at: float = 0.0
    number: int = 0
    size: float = 0.0

    def described(self) -> str:
        """For a person."""
        when = f"at {self.at:.0f} s" if self.kind == "time" else f"{self.kind} number {self.number}"
        return f"{when}: {self.name} ({self.size:g})"


class Schedule(NamedTuple):
    seed: int
    partitions: int
    sinks: int
    rows: int
    items: tuple[Item, ...]
    loaders: int = 0

    def described(self) -> str:
        """For a person."""
        where = f"{self.sinks} sinks, {self.loaders} loaders, {self.partitions} partitions"
        return "; ".join(
            [where, f"{self.rows} records an object", *(item.described() for item in self.items)]
        )

    @property
    def faults(self) -> dict[tuple[str, int], Fault]:
        return {
            (item.kind, item.number): Fault(item.name, item.size)
            for item in self.items
            if item.kind != "time"
        }


WORLDS = {"all": (0, 1, 2, 3), "sinks": (1, 2, 3), "pipeline": (0,)}
"""Name → the last two bits of its numbers. A pipeline has loaders, an auditor and an operator as well."""


def numbers(first: int, count: int, world: str = "all") -> Iterator[int]:
    """The first so many numbers of a world's schedules from `first` on."""
    return islice((seed for seed in itertools.count(first) if seed % 4 in WORLDS[world]), count)


def make(seed: int) -> Schedule:
    """The schedule of this number."""
    rand = random.Random(seed)
    loaders = 0 if seed % 4 in WORLDS["sinks"] else rand.choice((1, 2, 2))
    items = [Item("time", "produce", rand.random() * 3, 0, rand.randint(1, 6))]
    known = PIPELINE_ACTIONS if loaders else ACTIONS
    actions = rand.sample(list(known), rand.randint(3, 9))
    weights = [known[name] for name in actions]
    items += [_action(rand, rand.choices(actions, weights)[0]) for _ in range(rand.randint(2, 10))]
    kinds = rand.sample(PIPELINE_FAULTS if loaders else SINK_FAULTS, rand.randint(1, 4))
    items += [_fault(rand, rand.choice(kinds)) for _ in range(rand.choice((0, 1, 1, 2, 2, 3, 4, 6)))]
    sinks = 1 if loaders else rand.choice((1, 1, 2, 2, 3))
    return Schedule(seed, rand.choice((1, 1, 2)), sinks, rand.randint(1, 5), tuple(items), loaders)


def _action(rand: random.Random, name: str) -> Item:
    size: float = rand.randint(1, 5)
    if name == "sleep":
        size = rand.choice(SLEEPS)
    return Item("time", name, rand.random() * HORIZON, rand.randint(0, 2), size)


def _fault(rand: random.Random, kind: str) -> Item:
    most, names = REQUESTS[kind]
    name = rand.choice(names)
    size = rand.choice(SLEEPS if name.startswith("asleep") else DELAYS)
    if kind == "fetch":
        size = rand.randint(0, 5)
    return Item(kind, name, 0.0, 1 + int(most * rand.random() ** 1.5), size)
