"""One suite for the bucket in memory and a real S3 server: puts, reads and chains."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from conftest import Store

from stock_common import keys
from stock_common.keys import ObjectKey
from stock_common.links import Link
from stock_common.run import FatalError
from stock_objects.chain import Chain, chains, last_link, link_at, links_backwards
from stock_objects.config import ObjectSettings
from stock_objects.errors import Exists
from stock_objects.store import ObjectStore

TOPIC_ID = "0123456789abcdef" * 2
CHAIN = Chain("stock-data", TOPIC_ID, 3)
HOUR = datetime(2026, 11, 20, 23, tzinfo=UTC)


def link(first: int, last: int, hours: int = 0) -> Link:
    return Link(
        ObjectKey(*CHAIN, HOUR + timedelta(hours=hours), first),
        last,
        last - first + 1,
        schema="stock-quote/1",
    )


def put(store: Store, link: Link, body: bytes = b"x") -> None:
    store.put_new(str(link.key), body, link.metadata())


def test_a_taken_key_is_refused_and_its_object_stays(store: Store) -> None:
    put(store, link(0, 9), b"first")
    with pytest.raises(Exists):
        put(store, link(0, 5), b"second")
    assert store.get(str(link(0, 9).key)) == b"first"
    assert link_at(store, str(link(0, 9).key)) == link(0, 9)


def test_of_many_writers_at_one_place_one_wins(store: Store) -> None:
    def write(number: int) -> bool:
        try:
            put(store, link(0, number), b"%d" % number)
        except Exists:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = [number for number, ours in enumerate(pool.map(write, range(8))) if ours]
    assert len(won) == 1
    assert store.get(str(link(0, 0).key)) == b"%d" % won[0]


def test_what_is_not_there_is_none(store: Store) -> None:
    assert store.head("raw/nothing") is None
    assert store.get("raw/nothing") is None
    assert link_at(store, str(link(0, 1).key)) is None
    assert list(store.objects("raw/")) == []
    assert store.prefixes("raw/") == []


def test_objects_come_in_key_order_after_a_key(store: Store) -> None:
    links = [link(0, 9), link(10, 19), link(20, 29, hours=1), link(30, 39, hours=2)]
    for one in reversed(links):
        put(store, one)
    assert [info.key for info in store.objects(CHAIN.prefix)] == [str(one.key) for one in links]
    assert [info.key for info in store.objects(CHAIN.prefix, str(links[1].key))] == [
        str(one.key) for one in links[2:]
    ]


def test_the_last_link_is_found_over_days_and_hours(store: Store) -> None:
    assert last_link(store, CHAIN) is None
    for one in (link(0, 9), link(10, 19, hours=1), link(20, 29, hours=30), link(30, 39, hours=30)):
        put(store, one)
        assert last_link(store, CHAIN) == one


def test_an_hour_and_a_day_emptied_by_hand_are_not_the_end(real: ObjectStore) -> None:
    links = [link(0, 9), link(10, 19, hours=1), link(20, 29, hours=2)]
    for one in links:
        put(real, one)
    for left, gone in ((1, links[2]), (0, links[1])):
        real._client.delete_object(Bucket=real.bucket, Key=str(gone.key))
        assert last_link(real, CHAIN) == links[left]


def test_strangers_objects_at_the_end_are_passed_over_and_named(store: Store) -> None:
    put(store, link(0, 9))
    odd = f"{CHAIN.prefix}dt=2026-11-21/hour=00/zzz.txt"
    store.put_new(odd, b"x", {})
    named: list[str] = []
    assert next(links_backwards(store, CHAIN, named.extend)) == link(0, 9)
    assert named == [odd]


def test_chains_of_all_ids_and_partitions(store: Store) -> None:
    other = CHAIN._replace(topic_id="f" * 32, partition=0)
    put(store, link(0, 9))
    put(store, link(0, 9)._replace(key=link(0, 9).key._replace(topic_id="f" * 32, partition=0)))
    store.put_new(f"raw/stock-data/{TOPIC_ID}/notes/readme.txt", b"x", {})
    assert chains(store, "stock-data") == [CHAIN, other]
    assert chains(store, "stock-alerts") == []


def test_more_than_one_page_is_listed(real: ObjectStore) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: put(real, link(number, number)), range(1100)))
    assert len(list(real.objects(CHAIN.prefix))) == 1100


def test_wrong_bucket_and_wrong_secret_say_what_to_fix(
    server: str, real: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = ObjectStore(ObjectSettings(s3_bucket="no-such-bucket", s3_endpoint_url=server))
    with pytest.raises(FatalError, match="S3_BUCKET"):
        missing.check()
    with pytest.raises(FatalError, match="S3_BUCKET"):
        put(missing, link(0, 1))  # type: ignore[arg-type]
    real.check()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(FatalError, match="AWS_SECRET_ACCESS_KEY"):
        signed_wrong = ObjectStore(ObjectSettings(s3_bucket=real.bucket, s3_endpoint_url=server))
        put(signed_wrong, link(0, 1))  # type: ignore[arg-type]


@pytest.mark.parametrize("folder", ["", f"{TOPIC_ID}/"], ids=["topic", "topic id"])
def test_pages_of_strangers_names_are_passed_over(real: ObjectStore, folder: str) -> None:
    """More than a page of files, and of folders, before, between and after those of the chains."""
    put(real, link(0, 9))
    names = [f"{kind}{number:04d}{rest}" for kind in "0pz" for rest in ("", "/x") for number in range(600)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda name: real.put_new(f"raw/stock-data/{folder}{name}", b"", {}), names))
    assert chains(real, "stock-data") == [CHAIN]
    shape = keys.PARTITION_FOLDER if folder else keys.TOPIC_ID_FOLDER
    assert set(real.prefixes(f"raw/stock-data/{folder}", shape)) < set(
        real.prefixes(f"raw/stock-data/{folder}")
    )
