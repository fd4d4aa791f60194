from __future__ import annotations

from memory_stages import MemoryBucket
from world import CHAIN, NOW, World, link

from stock_auditor.compare.evidence import Stored
from stock_auditor.stages.bucket import BucketReader
from stock_objects.chain import Chain
from stock_objects.store import ObjectHead

A, B, C = link(0, 100), link(100, 90, rejected=10), link(200, 100)


def test_a_head_is_asked_only_of_what_the_ledger_does_not_vouch_for() -> None:
    world = World([A, B, C], loaded=2)
    bucket = MemoryBucket([world])
    reader = BucketReader(bucket)
    stored = reader.read(CHAIN, None, world.ledger.values(), every_head=False)
    assert [item.link and item.link[:6] for item in stored] == [each[:6] for each in (A, B, C)]
    assert bucket.heads == [str(C.key)]


def test_a_head_is_asked_once() -> None:
    world = World([A, B, C], loaded=0)
    bucket = MemoryBucket([world])
    reader = BucketReader(bucket)
    first = reader.read(CHAIN, None, (), every_head=False)
    assert reader.read(CHAIN, None, (), every_head=False) == first
    assert sorted(bucket.heads) == [str(each.key) for each in (A, B, C)]
    world.put(B, etag="replaced")
    reader.read(CHAIN, str(A.key), (), every_head=False)
    assert bucket.heads[3:] == [str(B.key)]


def test_every_head_is_asked_in_full() -> None:
    world = World([A, B, C])
    bucket = MemoryBucket([world])
    BucketReader(bucket).read(CHAIN, None, world.ledger.values(), every_head=True)
    assert sorted(bucket.heads) == [str(each.key) for each in (A, B, C)]


def test_another_etag_than_the_ledgers_is_looked_at() -> None:
    world = World([A, B])
    world.put(link(100, 80), etag="other")
    (_, changed) = BucketReader(MemoryBucket([world])).read(
        CHAIN, None, world.ledger.values(), every_head=False
    )
    assert changed == Stored(str(B.key), "other", NOW, link(100, 80))


def test_what_is_no_link_says_why() -> None:
    world = World([A])
    strange = f"{CHAIN.prefix}report.csv"
    bare = str(B.key)
    for key in (strange, bare):
        world.objects[key] = Stored(key, "etag", NOW, None)
    stored = {
        item.key: item for item in BucketReader(MemoryBucket([world])).read(CHAIN, None, (), every_head=False)
    }
    assert stored[strange].link is None
    assert stored[strange].fault == "is not the key of a link"
    assert stored[bare].fault == "has no metadata 'last-offset'"


def test_what_is_deleted_after_the_listing_is_not_there() -> None:
    class Fleeting(MemoryBucket):
        def head(self, key: str) -> ObjectHead | None:
            return None

    assert BucketReader(Fleeting([World([A])])).read(CHAIN, None, (), every_head=False) == ()


def test_strays_are_found_around_and_between_the_chains() -> None:
    other = Chain(CHAIN.topic, CHAIN.topic_id, 1)
    bucket = MemoryBucket([World([A, B]), World([link(0, 10, chain=other)], chain=other)])
    bucket.others = [
        "raw/README",
        f"raw/stock-data/{CHAIN.topic_id}/partition=00000",
        f"raw/stock-data/{CHAIN.topic_id}/partition=00000.bak/x",
        f"raw/stock-data/{CHAIN.topic_id}/partition=1/x",
        "raw/zzz/x",
        "elsewhere/x",
    ]
    reader = BucketReader(bucket)
    known = reader.chains("stock-data")
    assert known == {CHAIN, other}
    assert reader.strays(known) == bucket.others[:5]
    assert reader.strays(known, "raw/stock-data/") == bucket.others[1:4]
    assert reader.strays([]) != bucket.others
