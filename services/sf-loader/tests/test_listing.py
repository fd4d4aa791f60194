from __future__ import annotations

from datetime import timedelta

import pytest
from conftest import ID, World
from fake_bucket import START, Bucket

from stock_common.keys import ObjectKey
from stock_objects.chain import Chain
from stock_objects.store import ObjectInfo
from stock_sf_loader.ledger import LedgerState, Tail
from stock_sf_loader.listing import Heads, Listing, new_objects, pick

A, B = Chain("stock-data", ID, 0), Chain("stock-data", ID, 1)


def objects(chain: Chain, *places: tuple[int, int], size: int = 10) -> list[ObjectInfo]:
    return [ObjectInfo(str(ObjectKey(*chain, START + timedelta(hours=hour), first)), size, "e", START) for hour, first in places]


def test_only_what_is_behind_the_tail_and_not_known_as_a_stray() -> None:
    bucket = Bucket()
    keys = [bucket.link(A, first, first + 9) for first in (0, 10, 20, 30)]
    bucket.link(B, 0, 9)
    state = LedgerState({A: Tail(19, keys[1])}, frozenset([keys[2]]))
    assert [(listing.chain, len(listing.objects), listing.more) for listing in new_objects(bucket, ["stock-data"], state)] == [
        (A, 1, False),
        (B, 1, False),
    ]


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
    listings = [Listing(A, objects(A, (0, 0), (1, 10), (3, 20)), False), Listing(B, objects(B, (1, 0), (2, 10)), False)]
    picked, more = pick(listings, files, size)
    assert (len(picked.get(A, [])), len(picked.get(B, []))) == expected
    assert more is left


def test_pick_keeps_a_chains_order_whatever_lies_in_it() -> None:
    mixed = [objects(A, (5, 0))[0], ObjectInfo(A.prefix + "notes.txt", 1, "e", START), *objects(A, (1, 10), (7, 20))]
    picked, _ = pick([Listing(A, mixed, False), Listing(B, objects(B, (6, 0)), False)], 10, 10_000)
    assert picked[A] == mixed


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
