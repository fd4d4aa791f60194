"""Schedules that once broke the guarantee, as short as they got. Each is played again by the tests."""

from __future__ import annotations

from .schedule import Item, Schedule


def at(seconds: float, name: str, size: float = 1.0) -> Item:
    return Item("time", name, seconds, 0, size)


def of(kind: str, number: int, name: str, size: float = 5.0) -> Item:
    return Item(kind, name, 0.0, number, size)


STORIES = {
    "a stranger's object where a link without rows belongs ended the sink": Schedule(
        99, 1, 1, 4, (at(1.2, "produce"), at(10.8, "marker"), at(42.9, "stranger"))
    ),
    "a stranger's object where a lost link belongs ended the sink": Schedule(
        419,
        1,
        2,
        2,
        (
            at(1.9, "produce", 6),
            at(32.0, "stranger", 4),
            at(38.6, "expire"),
            at(22.6, "expire", 3),
            at(93.7, "expire"),
            of("describe topics", 2, "killed before"),
        ),
    ),
    "a forged link where a link without rows belongs ended the sink": Schedule(
        739, 1, 1, 3, (at(0.6, "produce"), at(25.9, "forged link"), at(73.3, "marker"))
    ),
    "an election after retention took the last record that was read blocked the partition for good": Schedule(
        20649, 1, 1, 4, (at(1.9, "produce"), at(78.9, "expire"), at(87.0, "elect"), at(92.7, "produce"))
    ),
    "a loader that ran did not see that an operator had released a quarantined object": Schedule(
        21524, 1, 1, 1, (at(1.8, "produce"), at(90.2, "marker"), at(9.4, "stranger"), at(35.7, "retry")), 1
    ),
    "markers that retention took kept the chain waiting for the next record": Schedule(
        340, 1, 1, 4, (at(32.3, "expire"), at(18.4, "marker"))
    ),
}
