"""What a load reads again of the ledger: what was decided lately, unless somebody else was here."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fake_snowflake import WORK, Cursor
from world import World

from stock_sf_loader.load import ledger
from stock_sf_loader.load.ledger import LONG_AGO


def whole_reads(world: World) -> list[Any]:
    """Grows with each reading of the ledger from its beginning."""
    begins: list[Any] = []

    def note(cursor: Cursor, sql: str, params: Any) -> None:
        begins.extend([True] if params[0][1] == LONG_AGO else [])
        WORK["READ_TAILS"](cursor, sql, params)

    world.snowflake.work["READ_TAILS"] = note
    return begins


def test_the_settled_part_is_read_once(world: World) -> None:
    chain = world.quotes[0]
    loader = world.loader()
    begins: list[Any] = []
    for first in range(0, 60, 5):
        world.bucket.link(chain, first, first + 4)
        if first == 10:
            begins = whole_reads(world)
        assert loader.cycle().outcome == "loaded"
    assert begins == []
    assert loader.state
    assert (loader.state.tails[chain].last, loader.state.tails[chain].rows) == (59, 60)
    assert loader.state == ledger.read(world.session(lambda _: None))._replace(settled=loader.state.settled)
    world.check()


def test_it_is_read_again_after_a_day(world: World) -> None:
    chain = world.quotes[0]
    loader = world.loader()
    for first in range(0, 10, 5):
        world.bucket.link(chain, first, first + 4)
        loader.cycle()
    world.snowflake.clock += timedelta(days=2)
    begins = whole_reads(world)
    for first in range(10, 30, 5):
        world.bucket.link(chain, first, first + 4)
        assert loader.cycle().outcome == "loaded"
    assert 1 <= len(begins) <= 2
    assert loader.state
    assert (loader.state.tails[chain].last, loader.state.tails[chain].rows) == (29, 30)
    world.check()


def test_a_repair_of_what_was_settled_is_seen(world: World) -> None:
    chain = world.quotes[0]
    loader = world.loader()
    for first in range(0, 30, 5):
        world.bucket.link(chain, first, first + 4)
        loader.cycle()
    data = world.snowflake.data
    data.ledger[0] |= {"rows": 2, "rejected": 3}
    data.lease["fence"] += 1
    begins = whole_reads(world)
    world.bucket.link(chain, 30, 34)
    assert loader.cycle().outcome == "loaded"
    assert loader.state
    assert (loader.state.tails[chain].last, loader.state.tails[chain].rows) == (34, 32)
    assert len(begins) == 1
