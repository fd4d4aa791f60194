"""What a cycle does at a gap in a chain."""

from __future__ import annotations

import pytest
from world import World

from stock_sf_loader.load import cycle as cycle_module


def test_a_gap_holds_its_chain_only_and_closes(world: World) -> None:
    chain, other = world.quotes[:2]
    world.bucket.link(chain, 0, 4)
    late = world.bucket.link(chain, 5, 9)
    hidden = world.bucket.stored.pop(late)
    world.bucket.link(chain, 10, 14)
    world.bucket.link(other, 0, 4)
    loader = world.loader()
    for _ in range(3):
        cycle = loader.cycle()
        assert "gap in stock-data/0: offsets 5 to 9 are in no object" in (cycle.fault or "")
        assert world.ledger(chain) == [(0, 4, "loaded")]
        assert world.metric("gap_chains", topic="stock-data") == 1
        assert world.metric("waiting_files", topic="stock-data") == 1
    assert world.ledger(other) == [(0, 4, "loaded")]
    assert world.snowflake.statements.count("BEGIN") == 1, "a gap must not wake the warehouse again and again"
    world.bucket.stored[late] = hidden
    cycle = loader.cycle()
    assert (cycle.outcome, cycle.fault) == ("loaded", None)
    assert world.metric("gap_chains", topic="stock-data") == 0
    world.check()


def test_a_gap_with_a_long_tail_starves_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    chain, other = world.quotes[:2]
    world.bucket.link(chain, 0, 0)
    for first in range(2, 200):
        world.bucket.link(chain, first, first)
    for first in range(150):
        world.bucket.link(other, first, first, hour=1)
    monkeypatch.setattr(cycle_module, "FILES_LIMIT", 64)
    loader = world.loader()
    assert loader.cycle().outcome == "loaded"
    assert world.offsets(other) == list(range(150))
