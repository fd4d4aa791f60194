"""A failing schedule made short: what can be left out of it is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .schedule import Item, Schedule

Fails = Callable[[Schedule], bool]


def shrunk(schedule: Schedule, fails: Fails) -> Schedule:
    """As few items and as small numbers as still fail."""
    while True:
        smaller = next((each for each in _smaller(schedule) if fails(each)), None)
        if smaller is None:
            return schedule
        schedule = smaller


def _smaller(schedule: Schedule) -> Iterator[Schedule]:
    items = schedule.items
    for size in (8, 4, 2, 1):
        for start in range(0, len(items) if size <= len(items) else 0, size):
            yield schedule._replace(items=items[:start] + items[start + size :])
    if schedule.sinks > 1:
        yield schedule._replace(sinks=schedule.sinks - 1)
    if schedule.partitions > 1:
        yield schedule._replace(partitions=1)
    for place, item in enumerate(items):
        for tamer in _tamer(item):
            yield schedule._replace(items=(*items[:place], tamer, *items[place + 1 :]))


def _tamer(item: Item) -> Iterator[Item]:
    if item.kind == "time" and item.size > 1:
        yield item._replace(size=1.0)
        yield item._replace(size=item.size - 1) if item.size <= 6 else item._replace(size=1.0)
    if item.number > 1:
        yield item._replace(number=item.number - 1)
