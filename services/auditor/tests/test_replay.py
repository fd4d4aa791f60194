"""The protocol of a replay, over a cluster in memory."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replay_cluster import FIRST_FREE, LETTERS, NOW, OLD_ID, Cluster, Died, complete, letter, new_run

from stock_auditor.decisions.records import Batch, Claim, Place
from stock_auditor.replay.dead_letters import Choice, Sorter
from stock_auditor.replay.run import BATCH_LETTERS, SEND_SECONDS, SETTLE_SECONDS, Busy, NotSent, Progress


@pytest.mark.parametrize("step", range(11))
def test_a_run_that_dies_anywhere_is_finished_by_the_next(step: int) -> None:
    cluster = Cluster(LETTERS, dies_at=step)
    with pytest.raises(Died):
        complete(cluster, "first")
    cluster.dies_at = -1
    assert complete(cluster) == []
    assert cluster.replayed() == sorted(each.id for each in LETTERS)
    assert complete(cluster, "once more") == []
    assert len(cluster.replayed()) == len(LETTERS)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 12), max_size=6), st.integers(1, 3))
def test_deaths_in_a_row_change_nothing(deaths: list[int], batches: int) -> None:
    letters = [letter(offset, partition=offset % 2) for offset in range(BATCH_LETTERS * batches - 3)]
    cluster = Cluster(letters)
    for number, death in enumerate(deaths):
        cluster.dies_at = cluster.steps + death * 9
        with suppress(Died):
            complete(cluster, f"run {number}")
    cluster.dies_at = -1
    complete(cluster)
    assert cluster.replayed() == sorted(each.id for each in letters)


def test_the_next_run_waits_only_where_the_last_one_died() -> None:
    cluster = Cluster(LETTERS)
    complete(cluster)
    assert cluster.now == 0
    complete(cluster)
    assert cluster.now == 0
    cluster.letters = [*LETTERS, letter(9)]
    cluster.dies_at = cluster.steps + 2
    with pytest.raises(Died):
        complete(cluster)
    cluster.dies_at = -1
    complete(cluster, "after")
    assert cluster.now == SETTLE_SECONDS


def test_a_second_run_leaves_a_living_one_alone() -> None:
    cluster = Cluster(LETTERS)
    first = new_run(cluster, "first")
    first.claim()
    second = new_run(
        cluster,
        "second",
        sleep=lambda seconds: first._note(Batch(run="first", number=1, letters=[], places=[])),
    )
    with pytest.raises(Busy, match="Another replay is running"):
        second.claim()


def test_a_run_that_was_taken_over_stops_before_it_sends() -> None:
    cluster = Cluster(LETTERS)
    first = new_run(cluster, "first")
    first.claim()
    second = new_run(cluster, "second")
    second.claim()
    with pytest.raises(Busy, match="took over"):
        first.send(LETTERS, lambda done: True)
    assert cluster.replayed() == []
    assert second.catch_up().open is None
    second.send(LETTERS, lambda done: True)
    assert len(cluster.replayed()) == len(LETTERS)


def test_a_batch_noted_just_before_the_claim_is_given_its_time() -> None:
    """The first run is slow, not dead: it notes its batch while the second one claims, and sends it then."""
    cluster = Cluster(LETTERS)
    first = new_run(cluster, "first")
    first.claim()

    places = [Place("stock-data", OLD_ID, 0, FIRST_FREE)]
    batch = Batch(run="first", number=1, letters=[LETTERS[0].id], places=places)

    def late(what: str) -> None:
        is_claimed = cluster.decisions[-1] == Claim(run="second", at=NOW)
        if not is_claimed and what == "note" and second.register.owner == "first":
            cluster.on_step = lambda what: None
            first._topic.append(batch)

    def sleep(seconds: float) -> None:
        cluster.now += seconds
        if seconds == SETTLE_SECONDS:
            cluster.put(0, replay_of=LETTERS[0].id)

    second = new_run(cluster, "second", sleep=sleep)
    cluster.on_step = late
    second.claim()
    assert list(second.register.sent) == [LETTERS[0].id]
    second.send(Sorter(Choice(), second.register.sent).due(LETTERS), lambda done: True)
    assert cluster.replayed() == sorted(each.id for each in LETTERS)


def test_a_process_that_stood_still_sends_nothing() -> None:
    cluster = Cluster(LETTERS)
    replay = new_run(cluster, "slow")
    replay.claim()
    cluster.on_step = lambda what: cluster.sleep(SEND_SECONDS + 1)
    with pytest.raises(NotSent, match="stood still"):
        replay.send(LETTERS, lambda done: True)
    assert cluster.replayed() == []


def create_again(cluster: Cluster) -> None:
    cluster.broker.create_quotes("e" * 32)


def delete_records(cluster: Cluster) -> None:
    cluster.put(0, count=5)
    cluster.broker.delete_before("stock-data", 0, FIRST_FREE + 2)


@pytest.mark.parametrize("change", [create_again, delete_records])
def test_what_cannot_be_looked_for_is_in_doubt_and_never_sent_again(
    change: Callable[[Cluster], None],
) -> None:
    cluster = Cluster(LETTERS[:1], dies_at=3)
    with pytest.raises(Died):
        complete(cluster, "first")
    cluster.dies_at = -1
    change(cluster)
    assert complete(cluster) == [LETTERS[0].id]
    assert cluster.replayed() == [LETTERS[0].id]


def test_batches_end_with_the_stop() -> None:
    cluster = Cluster([letter(offset) for offset in range(250)])
    replay = new_run(cluster, "run")
    replay.claim()
    seen: list[Progress] = []

    def go_on(done: Progress) -> bool:
        seen.append(done)
        return len(seen) < 2

    assert replay.send(cluster.letters, go_on).sent == 200
    assert [done.sent for done in seen] == [100, 200]
