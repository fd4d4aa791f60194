"""Objects of strangers: each is named, and costs only itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fake_bucket import START
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from world import World, drain

from stock_common.keys import ObjectKey
from stock_common.links import NUMBERS, Link
from stock_common.run import FatalError
from stock_objects.chain import Chain
from stock_objects.errors import ObjectError
from stock_sf_loader.load.batch import BATCH_BYTES
from stock_sf_loader.load.refused_files import TRIES


def key_of(chain: Chain, first: int, hour: int = 0) -> str:
    return str(ObjectKey(*chain, START + timedelta(hours=hour), first))


def spark_files(world: World, chain: Chain, count: int = 1200, hour: str = "dt=2026-03-02/hour=14") -> None:
    for number in range(count):
        world.bucket.put(f"{chain.prefix}{hour}/part-{number:05d}-c000.snappy.parquet", {}, [])


@pytest.mark.timeout(60)
def test_strangers_files_after_a_chains_end_stop_nothing(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    chain, other = world.quotes[:2]
    world.bucket.link(chain, 0, 4)
    loader = world.loader()
    drain(loader)
    spark_files(world, chain)
    spark_files(world, chain, 1500, "dt=2026-03-02/hour=15")
    world.bucket.link(other, 0, 4)
    world.bucket.link(chain, 5, 9)
    world.bucket.link(chain, 10, 14, hour=1)
    world.bucket.link(chain, 15, 19, hour=2)
    cycle = loader.cycle()
    assert (cycle.outcome, cycle.fault, cycle.left) == ("loaded", None, False)
    assert world.ledger(chain)[-1] == (15, 19, "loaded"), "the next hours' links too, in the same cycle"
    spark_files(world, chain, 1200, "dt=2026-03-02/hour=16")
    for _ in range(3):
        world.bucket.lists = 0
        statements = len(world.snowflake.statements)
        cycle = loader.cycle()
        assert (cycle.outcome, world.bucket.lists) == ("idle", 3)
        assert len(world.snowflake.statements) == statements, "they do not wake the warehouse"
        assert "stock-data/0 has at least 1000, such as raw/stock-data/" in (cycle.notice or "")
        assert "hour=16/part-00000-c000" in (cycle.notice or "")
        assert world.metric("foreign_objects", topic="stock-data") == 1000
        assert world.metric("waiting_files", topic="stock-data") == 0
        assert world.metric("lag_seconds") == 0
    assert capsys.readouterr().out.count("foreign objects in a chain") == 1, "once, when they are first seen"
    assert world.strays() == {}
    world.check()


ODD_METADATA = {
    "far": {"last-offset": str(10**18), "lost": str(10**18 - 9)},
    "64 bits": {"last-offset": str(2**63), "lost": str(2**63 - 9)},
    "negative": {"last-offset": "-1"},
    "no number": {"last-offset": "nine"},
    "401 digits": {"last-offset": "9" * 401},
    "2 kB": dict.fromkeys(NUMBERS, "x" * 2048),
    "escapes": {"rows": "\x1b[2J\n'; DROP TABLE"},
    "schema": {"schema": "s" * 2048},
}


@pytest.mark.parametrize("change", ODD_METADATA.values(), ids=ODD_METADATA)
def test_metadata_of_strangers(world: World, change: dict[str, str]) -> None:
    chain, other = world.quotes[:2]
    world.bucket.link(chain, 0, 4)
    drain(world.loader())
    odd = key_of(chain, 5)
    sound = Link(ObjectKey(*chain, START, 5), 9, 5).metadata()
    world.bucket.put(odd, sound | change, [5, 6, 7, 8, 9])
    world.bucket.link(other, 0, 4)
    drain(world.loader())
    assert world.ledger(other) == [(0, 4, "loaded")]
    assert set(world.strays()) == {odd} and world.strays()[odd].isprintable()
    world.bucket.link(chain, 5, 9, hour=1)
    drain(world.loader())
    assert world.ledger(chain) == [(0, 4, "loaded"), (5, 9, "loaded")]
    world.check()


def test_metadata_of_another_topic_say_nothing_of_the_place(world: World) -> None:
    """A copied object: its metadata are those of another link."""
    chain = world.quotes[0]
    world.bucket.link(chain, 0, 4)
    world.bucket.put(key_of(chain, 5), Link(ObjectKey(*world.alerts, START, 900), 909, 10).metadata(), [5, 6])
    drain(world.loader())
    assert world.ledger(chain) == [(0, 4, "loaded")]
    assert "says 5 to 909" in world.strays()[key_of(chain, 5)]


def test_an_object_larger_than_any_link_is_not_given_to_snowflake(world: World) -> None:
    chain = world.quotes[0]
    world.bucket.link(chain, 0, 4)
    key = world.bucket.link(chain, 5, 9)
    stored = world.bucket.stored[key]
    world.bucket.stored[key] = stored._replace(info=stored.info._replace(size=BATCH_BYTES + 1))
    world.bucket.link(chain, 10, 14)
    drain(world.loader())
    assert world.ledger(chain) == [(0, 4, "loaded"), (5, 9, "quarantined"), (10, 14, "loaded")]
    assert world.offsets(chain) == [0, 1, 2, 3, 4, 10, 11, 12, 13, 14]


names = st.text("o0123456789.parquet\n'\"\\ ☃_-/%", min_size=1, max_size=12).map(lambda name: f"x{name}")
folders = st.sampled_from(
    ["", "dt=2026-03-02/hour=14/", "dt=2026-03-02/hour=15/", "dt=zz/", "dt=2099-01-01/hour=00/"]
)
values = st.text(max_size=8) | st.integers(-(2**70), 2**70).map(str) | st.integers(0, 12).map(str)
metadata = st.dictionaries(st.sampled_from([*NUMBERS, "schema", "other"]), values)
links = st.tuples(st.integers(0, 2), st.integers(0, 12), st.integers(0, 2), st.booleans())


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.lists(st.tuples(folders, names, metadata), max_size=6),
    st.lists(st.tuples(links, metadata), max_size=6),
)
def test_whatever_lies_in_one_chain_the_others_load(
    foreign: list[tuple[str, str, dict[str, str]]],
    odd: list[tuple[tuple[int, int, int, bool], dict[str, str]]],
) -> None:
    world = World()
    chain, other = world.quotes[:2]
    world.bucket.link(chain, 0, 4)
    for folder, name, values in foreign:
        world.bucket.put(f"{chain.prefix}{folder}{name}", values, [1])
    for (hour, first, length, corrupt), values in odd:
        sound = Link(ObjectKey(*chain, START, first), first + length, length + 1).metadata()
        offsets = list(range(first, first + length + 1))
        world.bucket.put(key_of(chain, first, hour), sound | values, offsets, corrupt)
    for first in range(0, 10, 5):
        world.bucket.link(other, first, first + 4)
    loader = world.loader()
    for _ in range(TRIES + 1):
        loader.cycle()
    assert world.offsets(other) == list(range(10))
    world.check_ranges()
    world.check(other)


@pytest.mark.parametrize("error", [ObjectError("s3://bucket: 400"), FatalError("grant s3:GetObject")])
def test_an_object_that_cannot_be_looked_at_holds_its_chain_only(world: World, error: Exception) -> None:
    chain, other = world.quotes[:2]
    world.bucket.link(chain, 0, 4)
    bad = world.bucket.link(chain, 5, 9)
    world.bucket.link(chain, 10, 14)
    world.bucket.link(other, 0, 4)
    head = world.bucket.head

    def failing(key: str) -> Any:
        if key == bad:
            raise error
        return head(key)

    world.bucket.head = failing  # type: ignore[method-assign]
    loader = world.loader()
    for _ in range(2):
        cycle = loader.cycle()
        assert (cycle.outcome, cycle.fault) == ("unavailable", f"stock-data/0 waits: {error}")
        assert cycle.is_whole and cycle.waiting[chain].key == bad, "so that it stands still after a while"
        assert world.ledger(chain) == [(0, 4, "loaded")]
        assert world.ledger(other) == [(0, 4, "loaded")]
    world.bucket.head = head  # type: ignore[method-assign]
    assert loader.cycle().fault is None
    world.check()


@pytest.mark.timeout(60)
def test_an_object_that_is_listed_and_not_there_ends_the_cycle(world: World) -> None:
    """Some servers list what is gone. The chain waits, and nobody asks again and again."""
    chain, other = world.quotes[:2]
    ghosts = [world.bucket.link(chain, first, first) for first in range(1500)]
    world.bucket.link(other, 0, 4, hour=1)
    head = world.bucket.head
    world.bucket.head = lambda key: None if key in ghosts else head(key)  # type: ignore[method-assign]
    assert world.loader().cycle().outcome == "loaded"
    assert world.ledger(other) == [(0, 4, "loaded")]
    assert world.metric("partition_lag_seconds", topic="stock-data", partition="0") > 0
    assert world.metric("partition_lag_seconds", topic="stock-data", partition="1") == 0


def test_a_link_of_holes_alone_is_ledgered_and_the_chain_goes_on(world: World) -> None:
    """The sink puts it over what the log has no records for, such as a transaction's markers."""
    chain = world.quotes[0]
    world.bucket.link(chain, 0, 4)
    world.bucket.holes(chain, 5, 6)
    world.bucket.link(chain, 7, 9)
    world.bucket.holes(chain, 10, 10, hour=1)
    drain(world.loader())
    assert [row[:2] for row in world.ledger(chain)] == [(0, 4), (5, 6), (7, 9), (10, 10)]
    assert {row["first"]: row["holes"] for row in world.snowflake.data.ledger} == {0: 0, 5: 2, 7: 0, 10: 1}
    assert world.loader().cycle().outcome == "idle"
    world.check()
