"""The search itself: it finds nothing in the product, and planted faults soon."""

from __future__ import annotations

import pytest

from .mutant import Mutant, kill
from .mutants import MUTANTS
from .schedule import Schedule, make
from .stories import STORIES
from .verdict import install, search, tell, verdict

SCHEDULES = 3_000
"""Half a minute of one core. `make simulate` runs a million."""
SEED = 1
SOON = 4_000
"""Schedules within which a planted fault is found: less than a minute."""
PLANTED = (
    "C1: the next link begins at the last offset",
    "C2: a link's hour is its first record's",
    "C3: the put has no condition",
    "C3: an answer that was lost counts as a put",
    "C4: reading goes on at the log's end",
    "C6: the dead letters are not sent",
    "C8: what retention took is called a hole",
    "C10: a gap counts as a hole at once",
    "C12: a stuck partition is not looked at",
    "L1: COMMIT stands between COPY and the ledger",
    "L3: the fence is not looked at",
    "L8: a reload does not delete the rows first",
    "L10: the last object of a listing is left out",
)


@pytest.mark.timeout(900)
def test_no_schedule_breaks_the_guarantee() -> None:
    assert [*search(range(SEED, SEED + SCHEDULES))] == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found(name: str) -> None:
    (mutant,) = (each for each in MUTANTS if each.name == name)
    assert kill(mutant, SOON).schedules


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_mutant_is_a_change_of_the_code(mutant: Mutant) -> None:
    assert compile(mutant.applied(), mutant.path, "exec")


@pytest.mark.parametrize("schedule", STORIES.values(), ids=STORIES.keys())
def test_a_story_of_before_breaks_nothing(schedule: Schedule) -> None:
    install()
    assert verdict(schedule) == ""


def test_a_number_always_tells_the_same_story() -> None:
    install()
    stories: list[list[str]] = [[], []]
    for story in stories:
        verdict(make(7), story)
    assert stories[0] == stories[1]
    assert len(stories[0]) > 5


def test_what_breaks_nothing_has_no_story() -> None:
    assert tell(7) == "schedule 7 breaks nothing"
