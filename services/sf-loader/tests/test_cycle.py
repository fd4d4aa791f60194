"""What a cycle makes of bad objects, large backlogs and topics that are made again."""

from __future__ import annotations

import pytest
from fake_bucket import START
from fake_snowflake import Cursor
from world import OTHER_ID, World, drain, fill

from stock_objects.chain import Chain
from stock_objects.errors import ObjectError
from stock_sf_loader.load import cycle as cycle_module
from stock_sf_loader.load.refused_files import IN_A_ROW, TRIES


def cycles(world: World, count: int) -> list[str]:
    loader = world.loader()
    return [loader.cycle().outcome for _ in range(count)]


def test_one_list_a_partition(world: World) -> None:
    fill(world)
    loader = world.loader()
    loader.cycle()
    world.bucket.lists = 0
    loader.cycle()
    assert world.bucket.lists == 4


def test_a_link_without_rows_is_ledgered_without_copy(world: World) -> None:
    chain = world.quotes[0]
    world.bucket.link(chain, 0, 4, lost=5)
    world.bucket.link(chain, 5, 6, rejected=2)
    assert world.loader().cycle().transactions == 0
    assert world.ledger(chain) == [(0, 4, "loaded"), (5, 6, "loaded")]
    assert "COPY" not in world.snowflake.statements


@pytest.mark.parametrize("named", [True, False], ids=["Snowflake names it", "Snowflake does not name it"])
def test_a_corrupt_file_is_passed_after_some_tries_and_the_others_load_at_once(
    world: World, named: bool
) -> None:
    chain, other = world.quotes[:2]
    for first in range(0, 40, 2):
        world.bucket.link(other, first, first + 1)
    world.bucket.link(chain, 0, 4)
    bad = world.bucket.link(chain, 5, 9, corrupt=True)
    world.bucket.link(chain, 10, 14)
    world.bucket.link(world.alerts, 0, 4)
    world.snowflake.names_file = named
    loader = world.loader()
    for _ in range(TRIES - 1):
        cycle = loader.cycle()
        assert cycle.outcome == "refused"
        assert bad in (cycle.fault or "")
        assert world.ledger(chain) == [(0, 4, "loaded")]
        assert world.offsets(other) == list(range(40))
        assert world.offsets(world.alerts) == list(range(5))
    last = loader.cycle()
    assert (last.outcome, last.fault) == ("loaded", None)
    assert world.ledger(chain) == [(0, 4, "loaded"), (5, 9, "quarantined"), (10, 14, "loaded")]
    assert world.offsets(chain) == [0, 1, 2, 3, 4, 10, 11, 12, 13, 14]
    assert world.metric("quarantined_files") == 1
    assert world.metric("files_total", topic="stock-data", status="quarantined") == 1
    world.check()
    assert drain(world.loader()).fault is None


def test_a_file_of_the_second_topic_that_is_refused_takes_nothing_of_the_first_with_it(world: World) -> None:
    world.bucket.link(world.quotes[0], 0, 4)
    world.bucket.link(world.alerts, 0, 4, corrupt=True)
    drain(world.loader())
    world.check()
    assert world.ledger(world.alerts) == [(0, 4, "quarantined")]


def test_metadata_that_say_other_than_the_file_holds(world: World) -> None:
    chain = world.quotes[0]
    world.bucket.link(chain, 0, 4)
    world.bucket.link(chain, 5, 9)
    stored = world.bucket.stored[sorted(world.bucket.stored)[1]]
    stored.offsets.pop()
    drain(world.loader())
    assert world.ledger(chain) == [(0, 4, "loaded"), (5, 9, "quarantined")]
    assert "holds 4 rows" in world.snowflake.data.ledger[-1]["reason"]
    assert world.offsets(chain) == [0, 1, 2, 3, 4]


def test_metadata_that_do_not_add_up_have_no_place(world: World) -> None:
    chain = world.quotes[0]
    world.bucket.link(chain, 0, 4)
    key = world.bucket.link(chain, 5, 9, says=3)
    drain(world.loader())
    assert world.ledger(chain) == [(0, 4, "loaded")]
    assert "rows, rejected, holes and lost" in world.strays()[key]
    world.bucket.link(chain, 5, 9, hour=1)
    drain(world.loader())
    assert world.ledger(chain) == [(0, 4, "loaded"), (5, 9, "loaded")]


def test_many_bad_files_in_a_row_are_not_given_up_but_reported(world: World) -> None:
    chain = world.quotes[0]
    for first in range(0, 8 * 5, 5):
        world.bucket.link(chain, first, first + 4, corrupt=True)
    loader = world.loader()
    for _ in range(8 * TRIES):
        loader.cycle()
    cycle = loader.cycle()
    assert len(world.ledger(chain)) == IN_A_ROW
    assert "look at the table and the stage" in (cycle.fault or "")
    for key, stored in list(world.bucket.stored.items()):
        world.bucket.stored[key] = stored._replace(corrupt=False)
    drain(loader)
    assert [status for *_, status in world.ledger(chain)] == ["quarantined"] * IN_A_ROW + ["loaded"] * 5


def test_foreign_objects_are_passed_over_and_named(world: World) -> None:
    chain = world.quotes[0]
    world.bucket.link(chain, 0, 4)
    world.bucket.put(f"{chain.prefix}dt=2099-12-31/hour=23/notes.txt", {}, [])
    no_link = f"{chain.prefix}dt=2099-12-31/hour=23/o{3:020d}.parquet"
    world.bucket.put(no_link, {}, [])
    loader = world.loader()
    drain(loader)
    assert set(world.strays()) == {no_link}, "only what may be a link is looked at"
    statements = len(world.snowflake.statements)
    cycle = loader.cycle()
    assert (cycle.outcome, cycle.fault) == ("idle", None)
    assert "notes.txt" in (cycle.notice or "")
    assert len(world.snowflake.statements) == statements
    assert world.metric("quarantined_files") == 1
    assert world.metric("foreign_objects", topic="stock-data") == 1
    assert world.metric("lag_seconds") == 0
    world.bucket.link(chain, 5, 9)
    drain(loader)
    world.check()


def test_what_a_zombie_wrote_over_a_ledgered_range_stays_out(world: World) -> None:
    chain = world.quotes[0]
    world.bucket.link(chain, 0, 9)
    world.bucket.link(chain, 10, 19)
    drain(world.loader())
    zombie = world.bucket.link(chain, 5, 25, hour=3)
    world.bucket.link(chain, 20, 29, hour=3)
    drain(world.loader())
    assert world.offsets(chain) == list(range(30))
    assert "overlaps" in world.strays()[zombie]


def test_a_topic_made_again_is_another_chain(world: World) -> None:
    old = world.quotes[0]
    new = Chain(old.topic, OTHER_ID, old.partition)
    world.bucket.link(old, 0, 4)
    world.bucket.link(new, 0, 2)
    drain(world.loader())
    world.check(old, new)
    assert (len(world.offsets(old)), len(world.offsets(new))) == (5, 3)


def test_a_backlog_goes_in_in_bounded_transactions(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for chain in world.quotes:
        for first in range(0, 140, 2):
            world.bucket.link(chain, first, first + 1, hour=first // 20)
    monkeypatch.setattr(cycle_module, "FILES_LIMIT", 70)
    cycle = world.loader().cycle()
    assert (cycle.outcome, cycle.transactions) == ("loaded", 3)
    world.check()


def test_thousands_of_files_at_once_go_in_by_chunks_of_a_thousand(world: World) -> None:
    for chain in world.quotes:
        for first in range(700):
            world.bucket.link(chain, first, first, hour=first // 300)
    chunks = []
    copy = Cursor.copy

    def counted(cursor: Cursor, sql: str, params: object) -> None:
        chunks.append(sql.count(".parquet'"))
        copy(cursor, sql, params)

    world.snowflake.work = {"COPY": counted}
    cycle = world.loader().cycle()
    assert (cycle.outcome, cycle.transactions, chunks) == ("loaded", 3, [1000, 1000, 100])
    world.check()


def test_an_object_that_vanishes_between_list_and_head_is_waited_for(world: World) -> None:
    chain = world.quotes[0]
    world.bucket.link(chain, 0, 4)
    key = world.bucket.link(chain, 5, 9)

    def vanish(request: str) -> None:
        if request == "HEAD":
            world.bucket.stored.pop(key, None)

    world.bucket.hook = vanish
    assert world.loader().cycle().outcome == "loaded"
    assert world.ledger(chain) == [(0, 4, "loaded")]


def test_a_bucket_that_fails_is_a_fault_and_no_end(world: World) -> None:
    fill(world)
    loader = world.loader()

    def fail(_: str) -> None:
        raise ObjectError("s3://bucket: SlowDown")

    world.bucket.hook = fail
    cycle = loader.cycle()
    assert (cycle.outcome, cycle.fault) == ("unavailable", "unavailable: s3://bucket: SlowDown")
    assert not cycle.is_whole
    world.bucket.hook = lambda _: None
    drain(loader)
    world.check()
    assert world.metric("cycles_total", outcome="unavailable") == 1
    assert world.metric("rows_total", topic="stock-alerts") == 3


def test_lag_is_the_age_of_the_oldest_object_that_waits(world: World) -> None:
    world.bucket.link(world.quotes[0], 0, 4)
    loader = world.loader()
    drain(loader)
    assert world.metric("lag_seconds") == 0
    world.bucket.link(world.quotes[0], 6, 9)
    loader.cycle()
    assert world.metric("lag_seconds") > 0
    assert world.bucket.stored[sorted(world.bucket.stored)[1]].info.modified > START
