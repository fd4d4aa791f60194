from collections.abc import Callable

import pytest

from stock_common import retry
from stock_common.retry import Policy, Stopped

DOUBLING = Policy(first=1.0, longest=5.0)


class Unavailable(Exception):
    def __init__(self, text: str = "away", retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class World:
    """A call that fails with the given errors, and a clock that only pauses move."""

    def __init__(self, *errors: Exception, stop_at: float = float("inf")) -> None:
        self.errors = list(errors)
        self.stop_at = stop_at
        self.now = 0.0
        self.calls = 0
        self.pauses: list[float] = []

    def function(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"

    def wait(self, seconds: float) -> bool:
        self.pauses.append(seconds)
        self.now += seconds
        return self.now >= self.stop_at

    def call(
        self, policy: Policy, retryable: retry.Retryable = Unavailable, jitter: float = 1.0, **more
    ) -> str:
        return retry.call(
            self.function,
            policy,
            retryable=retryable,
            wait=self.wait,
            rand=lambda: jitter,
            clock=lambda: self.now,
            **more,
        )


def test_a_call_that_succeeds_is_made_once() -> None:
    world = World()
    assert world.call(DOUBLING) == "done"
    assert (world.calls, world.pauses) == (1, [])


def test_pauses_double_up_to_the_longest() -> None:
    world = World(*(Unavailable() for _ in range(5)))
    assert world.call(DOUBLING) == "done"
    assert world.pauses == [1.0, 2.0, 4.0, 5.0, 5.0]


@pytest.mark.parametrize(("jitter", "pause"), [(0.0, 0.5), (0.5, 0.75), (1.0, 1.0)])
def test_jitter_shortens_a_pause_by_half_at_most(jitter: float, pause: float) -> None:
    world = World(Unavailable())
    world.call(DOUBLING, jitter=jitter)
    assert world.pauses == [pause]


def test_a_pause_stays_finite_after_any_number_of_failures() -> None:
    assert Policy(first=0.2, longest=15.0).pause(10_000) == 15.0


def test_attempts_bound_the_calls_and_the_last_error_is_raised() -> None:
    last = Unavailable("third")
    world = World(Unavailable("first"), Unavailable("second"), last)
    with pytest.raises(Unavailable) as caught:
        world.call(Policy(first=1.0, longest=5.0, attempts=3))
    assert caught.value is last
    assert (world.calls, world.pauses) == (3, [1.0, 2.0])


def test_no_call_begins_after_the_time_bound() -> None:
    world = World(*(Unavailable(str(number)) for number in range(9)))
    with pytest.raises(Unavailable, match="3"):
        world.call(Policy(first=1.0, longest=60.0, seconds=7.0))
    assert (world.calls, world.now) == (4, 7.0)


def test_the_stop_ends_the_pause_and_names_the_last_error() -> None:
    last = Unavailable("second")
    world = World(Unavailable("first"), last, stop_at=3.0)
    with pytest.raises(Stopped) as caught:
        world.call(DOUBLING)
    assert caught.value.__cause__ is last
    assert world.calls == 2


@pytest.mark.parametrize(
    ("retryable", "error", "is_tried_again"),
    [
        pytest.param(Unavailable, Unavailable(), True, id="its type"),
        pytest.param((OSError, Unavailable), Unavailable(), True, id="one of its types"),
        pytest.param(lambda error: "away" in str(error), Unavailable(), True, id="a test that holds"),
        pytest.param(
            lambda error: "away" in str(error), Unavailable("no"), False, id="a test that does not hold"
        ),
        pytest.param(OSError, Unavailable(), False, id="another type"),
    ],
)
def test_only_what_is_retryable_is_tried_again(
    retryable: type[Exception] | tuple[type[Exception], ...] | Callable[[Exception], bool],
    error: Exception,
    is_tried_again: bool,
) -> None:
    world = World(error)
    if is_tried_again:
        assert world.call(DOUBLING, retryable) == "done"
        return
    with pytest.raises(Unavailable):
        world.call(DOUBLING, retryable)
    assert (world.calls, world.pauses) == (1, [])


@pytest.mark.parametrize(("asked", "pause"), [(None, 1.0), (0.0, 1.0), (0.3, 1.0), (30.0, 30.0)])
def test_retry_after_is_honoured_even_past_the_longest_pause(asked: float | None, pause: float) -> None:
    world = World(Unavailable(retry_after=asked))
    world.call(DOUBLING)
    assert world.pauses == [pause]


def test_retry_after_past_the_time_bound_gives_up_at_once() -> None:
    world = World(Unavailable(retry_after=30.0))
    with pytest.raises(Unavailable):
        world.call(Policy(first=1.0, longest=5.0, seconds=10.0))
    assert world.pauses == []


def test_each_pause_is_reported_before_it_begins() -> None:
    world, seen = World(Unavailable("a"), Unavailable("b")), []
    world.call(DOUBLING, on_retry=lambda error, pause: seen.append((str(error), pause, len(world.pauses))))
    assert seen == [("a", 1.0, 0), ("b", 2.0, 1)]


def test_an_interrupt_is_never_tried_again() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retry.call(interrupted, DOUBLING, retryable=lambda error: True, wait=lambda seconds: False)
