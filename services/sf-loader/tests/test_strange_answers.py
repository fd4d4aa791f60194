"""Odd answers of COPY, and ledger rows of strangers: each is named, and costs only itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fake_bucket import START
from fake_snowflake import Cursor
from snowflake.connector.errors import ProgrammingError
from world import World, drain

from stock_common.keys import ObjectKey
from stock_objects.chain import Chain
from stock_sf_loader.load.refused_files import TRIES

Answers = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]
ODD_ANSWERS: dict[str, Answers] = {
    "no rows": lambda rows: [row | {"rows_loaded": None} for row in rows],
    "unknown status": lambda rows: [row | {"status": "MAYBE"} for row in rows],
    "too few": lambda rows: rows[1:],
    "another prefix": lambda rows: [row | {"file": f"s3://bucket/other/{row['file']}"} for row in rows],
    "no name": lambda rows: [row | {"file": None} for row in rows],
}


@pytest.mark.parametrize("answer", ODD_ANSWERS.values(), ids=ODD_ANSWERS)
def test_an_odd_answer_of_copy_costs_only_the_files_it_is_about(world: World, answer: Answers) -> None:
    chain, other = world.quotes[:2]
    for first in range(0, 40, 5):
        world.bucket.link(other, first, first + 4)
        world.bucket.link(world.alerts, first, first + 4)
    bad = world.bucket.link(chain, 0, 4)

    def copy(cursor: Cursor, sql: str, params: Any) -> None:
        Cursor.copy(cursor, sql, params)
        odd = [row for row in cursor.rows if row["file"].endswith(bad)]
        cursor.rows = [row for row in cursor.rows if row not in odd] + (answer(odd) if odd else [])

    world.snowflake.work = {"COPY": copy}
    cycle = world.loader().cycle()
    assert (cycle.outcome, bad in (cycle.fault or "")) == ("refused", True)
    assert world.ledger(chain) == [] and world.offsets(chain) == []
    assert world.offsets(other) == world.offsets(world.alerts) == list(range(40))
    world.snowflake.work = {}
    drain(world.loader())
    world.check()


def test_an_object_that_vanishes_before_copy_costs_no_other_and_is_a_gap(world: World) -> None:
    chain, other = world.quotes[:2]
    for first in range(0, 40, 5):
        world.bucket.link(other, first, first + 4)
    world.bucket.link(chain, 0, 4)
    gone = world.bucket.link(chain, 5, 9)
    world.bucket.link(chain, 10, 14)
    stored = world.bucket.stored[gone]

    def copy(cursor: Cursor, sql: str, params: Any) -> None:
        world.bucket.stored.pop(gone, None)
        Cursor.copy(cursor, sql, params)

    world.snowflake.work = {"COPY": copy}
    loader = world.loader()
    for _ in range(TRIES + 2):
        loader.cycle()
        assert world.ledger(chain) == [(0, 4, "loaded")]
        assert world.offsets(other) == list(range(40))
    assert "offsets 5 to 9 are in no object" in (loader.cycle().fault or "")
    world.snowflake.work = {}
    world.bucket.stored[gone] = stored
    drain(loader)
    world.check()


@pytest.mark.parametrize("code", [603, 91003], ids=["internal", "stage"])
def test_while_no_file_loads_none_is_blamed(world: World, code: int) -> None:
    for chain in world.quotes:
        for first in range(0, 40, 5):
            world.bucket.link(chain, first, first + 4)
    world.snowflake.copy_error = ProgrammingError("failed", errno=code, sqlstate="XX000")
    loader = world.loader()
    for _ in range(TRIES + 2):
        cycle = loader.cycle()
        assert cycle.outcome == "refused" and "failed" in (cycle.fault or "")
    assert world.snowflake.data.ledger == []
    world.snowflake.copy_error = None
    drain(loader)
    world.check()


@pytest.mark.parametrize(
    "text", ["SQL execution internal error", "Error in file {}"], ids=["no name", "name"]
)
@pytest.mark.parametrize(
    "code",
    [603, 604, 630, 2028, 1757, 91003, 100152, 399999],
    ids=["internal", "cancelled", "timeout", "statement", "unknown", "stage", "data", "unknown, large"],
)
def test_a_file_that_copy_fails_for_while_others_load_is_set_aside(
    world: World, code: int, text: str
) -> None:
    """Whatever the code, which for an unreadable file is not public, and whether the text names the file."""
    chain, other = world.quotes[:2]
    world.bucket.link(chain, 0, 4)
    bad = world.bucket.link(chain, 5, 9)
    world.bucket.link(chain, 10, 14)

    def copy(cursor: Cursor, sql: str, params: Any) -> None:
        if bad.removeprefix("raw/") in sql:
            raise ProgrammingError(text.format(bad), errno=code, sqlstate="XX000")
        Cursor.copy(cursor, sql, params)

    world.snowflake.work = {"COPY": copy}
    loader = world.loader()
    for first in range(0, 5 * (TRIES + 2), 5):
        world.bucket.link(other, first, first + 4)
        loader.cycle()
        assert world.offsets(other)[-1] == first + 4
    assert world.ledger(chain) == [(0, 4, "loaded"), (5, 9, "quarantined"), (10, 14, "loaded")]
    assert loader.cycle().outcome == "idle"


@pytest.mark.parametrize("later", [1, 4], ids=["one later file", "the last of them without rows"])
def test_a_file_that_copy_fails_for_is_set_aside_where_its_chain_is_the_only_one(
    world: World, later: int
) -> None:
    """The newest file after it is tried by a COPY that is rolled back."""
    chain = world.quotes[0]
    world.bucket.link(chain, 0, 4)
    bad = world.bucket.link(chain, 5, 9)
    for first in range(10, 10 + 5 * later, 5):
        world.bucket.link(chain, first, first + 4, rejected=5 if first == 25 else 0)

    def copy(cursor: Cursor, sql: str, params: Any) -> None:
        if bad.removeprefix("raw/") in sql:
            raise ProgrammingError("SQL execution internal error", errno=603, sqlstate="XX000")
        Cursor.copy(cursor, sql, params)

    world.snowflake.work = {"COPY": copy}
    loader = world.loader()
    for _ in range(TRIES):
        assert bad in (loader.cycle().fault or "")
        assert world.ledger(chain) == [(0, 4, "loaded")] and world.offsets(chain) == list(range(5))
    drain(loader)
    assert world.ledger(chain)[:2] == [(0, 4, "loaded"), (5, 9, "quarantined")]
    assert world.ledger(chain)[-1][1] == 9 + 5 * later
    world.check_ranges()


def test_where_the_newest_file_fails_too_the_only_chain_waits(world: World) -> None:
    chain = world.quotes[0]
    world.bucket.link(chain, 0, 4)
    drain(world.loader())
    for first in range(5, 30, 5):
        world.bucket.link(chain, first, first + 4)
    world.snowflake.copy_error = ProgrammingError("internal error", errno=603, sqlstate="XX000")
    loader = world.loader()
    for _ in range(TRIES + 3):
        assert loader.cycle().outcome == "refused"
    assert world.ledger(chain) == [(0, 4, "loaded")]
    world.snowflake.copy_error = None
    drain(loader)
    world.check()


def test_a_trial_that_the_warehouse_does_not_answer_blames_nobody(world: World) -> None:
    chain = world.quotes[0]
    bad = world.bucket.link(chain, 0, 4)
    world.bucket.link(chain, 5, 9)

    def copy(cursor: Cursor, sql: str, params: Any) -> None:
        code = 603 if bad.removeprefix("raw/") in sql else 607  # 607: the warehouse is suspended
        raise ProgrammingError("failed", errno=code, sqlstate="XX000")

    world.snowflake.work = {"COPY": copy}
    loader = world.loader()
    outcomes = {loader.cycle().outcome for _ in range(TRIES + 3)}
    assert outcomes == {"refused", "unavailable"} and world.ledger(chain) == []
    world.snowflake.work = {}
    drain(loader)
    world.check()


def stranger(world: World, chain: Chain, change: dict[str, Any]) -> None:
    """Puts a row into the ledger: but for `change` one that a loader writes of a link at offset 5."""
    row = {"chain": tuple(chain), "first": 5, "last": 9, "rows": 5, "rejected": 0, "holes": 0, "lost": 0}
    row |= {"key": str(ObjectKey(*chain, START, 5)), "etag": "x", "status": "loaded", "reason": None}
    world.snowflake.data.ledger.append(row | {"time": START, "decided": START} | change)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"first": None, "last": 10**18}, id="no first offset"),
        pytest.param({"first": 50, "last": 9}, id="last before first"),
        pytest.param({"first": 5, "last": 10**18}, id="does not add up"),
        pytest.param({"first": 5, "last": 10**19, "lost": 10**19 - 4}, id="more than 64 bits"),
        pytest.param({"first": 6, "last": 9, "rows": 4}, id="not the key's offset"),
        pytest.param({"first": -5, "last": 9, "rows": 15}, id="negative"),
        pytest.param({"first": 5, "last": 9, "rows": 5, "key": "x"}, id="no key"),
        pytest.param({"first": 0, "last": 4, "rows": 5, "chain": ("zz", "a" * 32, 0)}, id="unknown topic"),
        pytest.param({"first": 0, "last": 4, "rows": 5, "chain": ("stock-data", "a", -7)}, id="no chain"),
    ],
)
def test_a_ledger_row_of_a_stranger_decides_nothing(world: World, change: dict[str, Any]) -> None:
    chain, other = world.quotes[:2]
    world.bucket.link(chain, 0, 4)
    drain(world.loader())
    stranger(world, chain, change)
    world.bucket.link(chain, 5, 9)
    world.bucket.link(other, 0, 4)
    loader = world.loader()
    cycle = loader.cycle()
    assert cycle.outcome == "loaded"
    assert "the ledger has 1 rows of" in (cycle.fault or "")
    assert world.offsets(chain) == list(range(10))
    assert world.offsets(other) == list(range(5))
    assert loader.state and max(tail.last for tail in loader.state.tails.values()) == 9


def test_a_time_of_the_ledger_in_the_future_doubles_nothing(world: World) -> None:
    chain = world.quotes[0]
    world.bucket.link(chain, 0, 4)
    drain(world.loader())
    stranger(world, world.quotes[1], {"decided": START + timedelta(days=3000)})
    loader = world.loader()
    for first in range(5, 40, 5):
        world.bucket.link(chain, first, first + 4)
        loader.cycle()
    assert world.offsets(chain) == list(range(40))
    assert max(Counter(world.offsets(chain)).values()) == 1
