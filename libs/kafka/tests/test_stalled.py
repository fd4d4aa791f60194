from __future__ import annotations

from collections.abc import Iterable, Mapping

from stock_kafka.cluster import Unreachable
from stock_kafka.stalled import Place, StallWatch

A, B = ("t", 0), ("t", 1)


class World:
    def __init__(self) -> None:
        self.now = 0.0
        self.ends: dict[Place, int] | None = {A: 10, B: 10}
        self.asked = 0
        self.watch = StallWatch(self.answer, 30.0, lambda: self.now)

    def answer(self, places: Iterable[Place]) -> Mapping[Place, int]:
        self.asked += 1
        if self.ends is None:
            raise Unreachable("away")
        return {place: self.ends[place] for place in places}

    def check(self, **positions: int) -> list[Place]:
        self.now += 30.0
        return self.watch.stalled({("t", int(name[1:])): at for name, at in positions.items()})


def test_the_one_that_stands_still_is_named_at_the_second_check() -> None:
    world = World()
    assert world.check(p0=3, p1=3) == []
    assert world.check(p0=3, p1=4) == [A]


def test_it_has_an_interval_after_it_was_named() -> None:
    world = World()
    found = [world.check(p0=3) for _ in range(5)]
    assert found == [[], [A], [], [A], []]


def test_at_the_end_nothing_stands_still() -> None:
    world = World()
    assert [world.check(p0=10) for _ in range(3)] == [[], [], []]


def test_a_record_that_came_after_the_check_has_an_interval() -> None:
    world = World()
    world.check(p0=10)
    world.ends = {A: 11}
    assert world.check(p0=10) == []
    assert world.check(p0=10) == [A]


def test_the_broker_is_asked_once_an_interval() -> None:
    world = World()
    world.check(p0=3)
    for _ in range(100):
        world.now += 0.2
        assert world.watch.stalled({A: 3}) == []
    assert world.asked == 1


def test_nothing_stands_still_while_the_broker_is_away() -> None:
    world = World()
    world.check(p0=3)
    world.ends = None
    assert world.check(p0=3) == []
    world.ends = {A: 10}
    assert world.check(p0=3) == []
    assert world.check(p0=3) == [A]
