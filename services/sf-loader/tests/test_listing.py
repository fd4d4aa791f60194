from __future__ import annotations

import time
from datetime import timedelta

import pytest
from fake_bucket import START, Bucket
from world import ID, World

from stock_common.keys import ObjectKey
from stock_common.run import FatalError
from stock_objects.chain import Chain
from stock_objects.errors import ObjectError
from stock_objects.store import PAGE, ObjectHead, ObjectInfo
from stock_sf_loader.load.ledger import LedgerState, Tail
from stock_sf_loader.load.listing import HEADS_FAILED, LIST_PAGES, Foreign, Heads, Listing, Scanner, pick

A, B = Chain("stock-data", ID, 0), Chain("stock-data", ID, 1)
NOTHING = LedgerState({}, frozenset())


def objects(chain: Chain, *places: tuple[int, int], size: int = 10) -> list[ObjectInfo]:
    return [
        ObjectInfo(str(ObjectKey(*chain, START + timedelta(hours=hour), first)), size, "e", START)
        for hour, first in places
    ]


def listings(bucket: Bucket, state: LedgerState) -> list[Listing]:
    return Scanner(bucket).new_objects(["stock-data"], state)


def test_only_what_is_after_the_tail_and_not_known_as_a_stray() -> None:
    bucket = Bucket()
    keys = [bucket.link(A, first, first + 9) for first in (0, 10, 20, 30)]
    bucket.link(B, 0, 9)
    state = LedgerState({A: Tail(19, keys[1])}, frozenset([keys[2]]))
    assert [(one.chain, len(one.objects), one.more) for one in listings(bucket, state)] == [
        (A, 1, False),
        (B, 1, False),
    ]


STRANGE = ["a b", "o'1.parquet", "o\n.parquet", "ö☃.parquet", "_SUCCESS", "x/../y", "o1.parquet", "%00", "//"]


@pytest.mark.parametrize(
    "folder",
    [
        "",
        "dt=2026-03-02/",
        "dt=2026-03-02/hour=14/",
        "dt=2026-03-02/hour=15/",
        "dt=2026-03-02/hour=15/o0000/",
        "dt=9999-12-31/hour=23/",
        "zz/",
    ],
)
@pytest.mark.parametrize("count", [3, 1200, 3 * PAGE], ids=["few", "more than a page", "pages"])
@pytest.mark.parametrize("name", ["part-{:05d}-c000.snappy.parquet", "_temporary-{:05d}"])
def test_links_are_found_whatever_lies_between(folder: str, count: int, name: str) -> None:
    bucket = Bucket()
    first = bucket.link(A, 0, 9)
    for number in range(count):
        bucket.put(f"{A.prefix}{folder}{name.format(number)}", {}, [])
    following = [bucket.link(A, 10, 19), bucket.link(A, 20, 29, hour=1), bucket.link(A, 30, 39, hour=20)]
    bucket.lists = 0
    (listing,) = listings(bucket, LedgerState({A: Tail(9, first)}, frozenset()))
    assert [info.key for info in listing.objects] == following
    assert not listing.more
    after = [key for key in bucket.stored if key > first and key not in following]
    assert listing.foreign.objects == len(after) or min(PAGE - 10, len(after)) <= listing.foreign.objects
    assert bucket.lists <= 3


def test_strange_names_are_counted_and_get_no_head() -> None:
    bucket = Bucket()
    for name in STRANGE:
        bucket.put(f"{A.prefix}dt=2026-03-02/hour=14/{name}", {}, [])
    key = bucket.link(A, 0, 9)
    (listing,) = listings(bucket, NOTHING)
    assert [info.key for info in listing.objects] == [key]
    assert listing.foreign == Foreign(len(STRANGE), f"{A.prefix}dt=2026-03-02/hour=14/%00")


def test_names_that_lie_between_possible_links_cost_a_bounded_number_of_lists() -> None:
    bucket = Bucket()
    for number in range((LIST_PAGES + 1) * PAGE):
        bucket.put(f"{A.prefix}dt=2026-03-02/hour=14/o{number:020d}.parquet.tmp", {}, [])
    key = bucket.link(A, 0, 9, hour=1)
    bucket.put(f"{A.prefix}dt=2026-03-03/hour=00/x", {}, [])
    scanner = Scanner(bucket)
    bucket.lists = 0
    (listing,) = scanner.new_objects(["stock-data"], NOTHING)
    assert (listing.objects, listing.more, bucket.lists) == ([], False, LIST_PAGES)
    (listing,) = scanner.new_objects(["stock-data"], NOTHING)
    assert [info.key for info in listing.objects] == [key], "it goes on where it ended"
    (listing,) = scanner.new_objects(["stock-data"], NOTHING)
    assert listing.objects == [], "and then from the tail again"


def test_strays_of_the_ledger_are_passed_over_in_any_number() -> None:
    bucket = Bucket()
    strays = [bucket.link(A, first, first, says=7) for first in range(2 * PAGE)]
    key = bucket.link(A, 5000, 5009, hour=1)
    (listing,) = listings(bucket, LedgerState({}, frozenset(strays)))
    assert ([info.key for info in listing.objects], listing.more) == ([key], False)


@pytest.mark.parametrize(
    ("files", "size", "expected", "left"),
    [
        pytest.param(10, 10_000, (3, 2), False, id="all"),
        pytest.param(3, 10_000, (2, 1), True, id="oldest hours first, by files"),
        pytest.param(10, 35, (2, 1), True, id="by bytes"),
        pytest.param(10, 1, (1, 0), True, id="one, however large"),
    ],
)
def test_pick(files: int, size: int, expected: tuple[int, int], left: bool) -> None:
    found = [
        Listing(A, objects(A, (0, 0), (1, 10), (3, 20)), False),
        Listing(B, objects(B, (1, 0), (2, 10)), False),
    ]
    picked, more = pick(found, files, size)
    assert (len(picked.get(A, [])), len(picked.get(B, []))) == expected
    assert more is left


def test_a_full_page_means_that_there_may_be_more() -> None:
    assert pick([Listing(A, [], True)], 10, 10) == ({}, True)


def test_an_object_is_asked_for_once_while_it_waits(world: World) -> None:
    chain = world.quotes[0]
    world.bucket.link(chain, 0, 4)
    world.bucket.link(chain, 9, 14)
    requests: list[str] = []
    world.bucket.hook = requests.append
    heads = Heads(world.bucket, threads=2)
    picked = {chain: list(world.bucket.objects(chain.prefix))}
    assert heads.find(picked) == heads.find(picked)
    assert requests.count("HEAD") == 2


@pytest.mark.parametrize("error", [ObjectError("HTTP 400"), FatalError("access is denied"), None])
def test_an_object_that_does_not_answer_cuts_its_own_chain(error: Exception | None) -> None:
    bucket = Bucket()
    keys = [bucket.link(A, first, first + 9) for first in (0, 10, 20)]
    other = bucket.link(B, 0, 9)
    picked = {chain: list(bucket.objects(chain.prefix)) for chain in (A, B)}
    head = bucket.head
    del bucket.stored[keys[1]]

    def failing(key: str) -> ObjectHead | None:
        if error and key == keys[1]:
            raise error
        return head(key)

    bucket.head = failing  # type: ignore[method-assign]
    looked = Heads(bucket).find(picked)
    assert [[item.info.key for item in found] for found in looked.found.values()] == [[keys[0]], [other]]
    assert looked.cut == {A: error}


@pytest.mark.parametrize("error", [ObjectError("SlowDown"), FatalError("access is denied")])
def test_a_store_that_answers_no_head_is_not_an_objects_fault(error: Exception) -> None:
    bucket = Bucket()
    for first in range(200):
        bucket.link(A, first, first)
    picked = {A: list(bucket.objects(A.prefix))}
    asked: list[str] = []

    def head(key: str) -> None:
        asked.append(key)
        time.sleep(0.01)
        raise error

    bucket.head = head  # type: ignore[method-assign]
    with pytest.raises(ObjectError, match=str(error)):
        Heads(bucket).find(picked)
    assert HEADS_FAILED <= len(asked) < 200
