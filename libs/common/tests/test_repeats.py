from __future__ import annotations

from structlog.stdlib import BoundLogger
from structlog.testing import CapturingLogger

from stock_common.repeats import MOST_KINDS, REPEAT_SECONDS, Repeats


def test_the_same_fault_is_logged_once_and_then_with_a_count() -> None:
    now, lines = [0.0], CapturingLogger()
    repeats = Repeats(BoundLogger(lines, [], {}), lambda: now[0])
    for _ in range(3):
        repeats.warning("cannot read", "no right", group="live")
    repeats.warning("cannot read", "another")
    now[0] = REPEAT_SECONDS
    repeats.warning("cannot read", "no right", group="live")
    repeats.warning("cannot read", "no right", group="live")
    repeats.forget()
    repeats.error("cannot read", "no right")
    assert [(call.method_name, call.kwargs) for call in lines.calls] == [
        ("warning", {"event": "cannot read", "reason": "no right", "group": "live"}),
        ("warning", {"event": "cannot read", "reason": "another"}),
        ("warning", {"event": "cannot read", "reason": "no right", "group": "live", "times": 3}),
        ("error", {"event": "cannot read", "reason": "no right"}),
    ]


def test_faults_that_are_all_different_take_no_memory_for_ever() -> None:
    lines = CapturingLogger()
    repeats = Repeats(BoundLogger(lines, [], {}), lambda: 0.0)
    for number in range(MOST_KINDS + 1):
        repeats.warning("cannot read", str(number))
    repeats.warning("cannot read", str(MOST_KINDS))
    repeats.warning("cannot read", "0")
    assert len(lines.calls) == MOST_KINDS + 2
