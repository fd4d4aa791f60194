from __future__ import annotations

from stock_common.deadline import Deadline


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_deadline_is_shared() -> None:
    clock = Clock()
    deadline = Deadline(25, clock)
    clock.now = 20
    assert deadline.remaining() == 5
    clock.now = 30
    assert deadline.passed
