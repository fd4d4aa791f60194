"""The process dies between any two side effects: letters, put, commit, status.

The next one loses and doubles nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fakes import GOOD, Broker, Died, Run, covered, end

from stock_objects.testing import MemoryStore
from stock_s3_sink.cutter import Limits

LIMITS = Limits(rows=4, size=10**6, seconds=1000.0)


def on_call(holder: object, name: str, number: int) -> None:
    """The process dies when the method is called for the `number`th time, before it does anything."""
    method, calls = getattr(holder, name), iter(range(1, 10_000))

    def dying(*arguments: object, **named: object) -> object:
        if next(calls) == number:
            raise Died
        return method(*arguments, **named)

    setattr(holder, name, dying)


def letters_first(run: Run, store: MemoryStore) -> None:
    run.letters.faults = [Died()]


def before_the_put(run: Run, store: MemoryStore) -> None:
    store.faults = [("put_new", Died())]


def after_the_put(run: Run, store: MemoryStore) -> None:
    store.faults = [("put_new", Died(), "after")]


def before_the_commit(run: Run, store: MemoryStore) -> None:
    on_call(run.source, "commit", 1)


def before_a_later_commit(run: Run, store: MemoryStore) -> None:
    on_call(run.source, "commit", 3)


def before_the_status(run: Run, store: MemoryStore) -> None:
    on_call(run.publisher, "publish", 1)


def before_a_later_status(run: Run, store: MemoryStore) -> None:
    on_call(run.publisher, "publish", 2)


LINES: list[Callable[[Run, MemoryStore], None]] = [
    letters_first,
    before_the_put,
    after_the_put,
    before_the_commit,
    before_a_later_commit,
    before_the_status,
    before_a_later_status,
]


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("bad", [False, True], ids=["all good", "one bad"])
def test_a_death_anywhere_loses_and_doubles_nothing(
    line: Callable[[Run, MemoryStore], None], bad: bool
) -> None:
    if line is letters_first and not bad:
        bad = True
    broker, store = Broker(), MemoryStore()
    first = Run(broker, store, LIMITS)
    line(first, store)
    with pytest.raises(Died):
        for _ in range(200):
            broker.append(4, b"bad" if bad and not broker.log else GOOD)
            first.until(lambda: end(store) == len(broker.log) - 1)
    broker.append(4)
    second = Run(broker, store, LIMITS)
    second.until(lambda: end(store) == len(broker.log) - 1)
    links = covered(store)
    refused = 4 if bad else 0
    assert sum(rows for _, _, rows in links) == len(broker.log) - refused
    sent = [*first.letters.sent, *second.letters.sent]
    assert sorted(set(sent)) == list(range(refused))


@pytest.mark.parametrize("line", [before_the_put, after_the_put, before_the_commit])
def test_a_death_while_partitions_leave_loses_and_doubles_nothing(
    line: Callable[[Run, MemoryStore], None],
) -> None:
    broker, store = Broker(), MemoryStore()
    first = Run(broker, store, Limits(1000, 10**6, 1000.0))
    broker.append(6)
    first.sink.poll_once()
    line(first, store)
    with pytest.raises(Died):
        first.sink.revoked([("stock-data", 0)])
    Run(broker, store, LIMITS).until(lambda: end(store) == 5)
    assert sum(rows for _, _, rows in covered(store)) == 6
