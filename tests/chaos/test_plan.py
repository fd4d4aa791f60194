"""The plan is a function of seed and count, and hits what it has to."""

from __future__ import annotations

import itertools

import pytest

from chaos.plan import (
    CELLS,
    COMPONENTS,
    CONTENT,
    DEATHS,
    FULL,
    KILLED,
    LEAST,
    RECOVERY,
    ROTATIONS,
    SECONDS,
    hits,
    plan,
    targets,
)

SEEDS = (0, 1, 2, 3, 7, 42, 99, 12345)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_full_plan_hits_every_cell_and_fits_its_time(seed: int) -> None:
    faults = plan(FULL, seed)
    assert len(faults) == FULL
    assert min(hits(faults)[cell] for cell in CELLS) >= LEAST
    assert max(fault.at + fault.seconds for fault in faults) < 25 * 60


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("count", [1, 20, 48, 200])
def test_faults_on_one_process_do_not_overlap_and_others_do(seed: int, count: int) -> None:
    faults = plan(count, seed)
    assert [fault.number for fault in faults] == list(range(1, count + 1))
    assert [fault.at for fault in faults] == sorted(fault.at for fault in faults)
    ends: dict[str, float] = {}
    for fault in faults:
        assert fault.target in targets(fault.component, fault.kind)
        assert SECONDS[fault.kind][0] <= fault.seconds <= SECONDS[fault.kind][1]
        assert fault.at + 0.2 >= ends.get(fault.target, 0.0) + (
            RECOVERY.get(fault.component, 8.0) if fault.target in ends else 0.0
        )
        ends[fault.target] = fault.at + fault.seconds
    if count == FULL:
        assert (
            sum(earlier.at + earlier.seconds > later.at for earlier, later in itertools.pairwise(faults)) > 50
        )


@pytest.mark.parametrize("seed", SEEDS)
def test_a_short_plan_has_every_component_and_every_kind(seed: int) -> None:
    faults = plan(28, seed)
    assert max(hits(faults).values()) == 1
    assert all(sum(fault.component == component for fault in faults) >= 2 for component in COMPONENTS)
    assert all(sum(fault.kind is kind for fault in faults) >= 3 for kind in DEATHS)
    assert {(fault.component, fault.kind) for fault in faults if fault.kind not in DEATHS} == {*CONTENT}


def test_the_same_seed_is_the_same_plan_and_another_is_another() -> None:
    assert plan(50, 5) == plan(50, 5)
    assert plan(50, 5) != plan(50, 6)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_secure_plan_replaces_every_password_and_key_among_deaths(seed: int) -> None:
    faults = plan(FULL, seed, others=2 * ROTATIONS)
    assert min(hits(faults)[cell] for cell in (*KILLED, *ROTATIONS)) >= LEAST
    assert not {*CONTENT} & {*hits(faults)}
    assert all(fault.target == fault.component for fault in faults if fault.kind not in DEATHS)


def test_both_instances_are_hit() -> None:
    targets = {fault.target for fault in plan(FULL, 1)}
    assert {"s3-sink", "s3-sink-2", "sf-loader", "sf-loader-2"} <= targets
