from __future__ import annotations

import pytest
from memory_stages import ALERTS, SECOND, Pipeline, three_chains
from world import CHAIN, OLD, World, link

from stock_auditor.compare.evidence import LedgerRow, Log
from stock_auditor.compare.findings import Kind
from stock_auditor.stages.base import NotCompared
from stock_common.ledger import QUARANTINED
from stock_objects.chain import Chain

A, B, C = link(0, 100), link(100, 100), link(200, 100)
BEFORE = Chain("stock-data", "f" * 32, 0)


def test_nothing_yet_is_complete() -> None:
    status = Pipeline().auditor.audit_all().status
    assert (status.complete, status.partitions, status.findings, status.dead_letters) == (True, [], [], 0)


def test_every_chain_of_any_stage_has_a_verdict() -> None:
    pipe, _, _ = three_chains()
    only_s3 = World([link(0, 10, chain=BEFORE)], loaded=0, chain=BEFORE)
    only_s3.log = None
    only_ledger = World([link(0, 10, chain=BEFORE._replace(partition=1))], chain=BEFORE._replace(partition=1))
    only_ledger.log = None
    only_ledger.objects.clear()
    pipe.bucket.worlds.append(only_s3)
    pipe.warehouse.worlds.append(only_ledger)
    status = pipe.auditor.audit_all().status
    assert [(part.topic, part.topic_id, part.partition) for part in status.partitions] == sorted(
        [ALERTS, CHAIN, SECOND, BEFORE, BEFORE._replace(partition=1)]
    )
    assert not status.complete
    assert [part.missing for part in status.partitions if part.topic_id == BEFORE.topic_id] == [0, 10]


def test_totals_first_then_ranges_only_where_they_differ() -> None:
    pipe, _, second = three_chains()
    status = pipe.auditor.audit_all().status
    assert (status.complete, status.full, status.warehouse_at is not None) == (True, True, True)
    assert [part.rows for part in status.partitions] == [0, 300, 50]
    second.table[7] += 1
    audited = pipe.auditor.audit_all()
    assert audited.kinds == {Kind.ROWS_DOUBLED: 1}
    assert [part.findings for part in audited.status.partitions if part.partition == 1] == [
        [
            f"doubled rows: {link(0, 50, chain=SECOND).key}: offsets 7 are in Snowflake more than"
            " once, rows too many: 1"
        ]
    ]


def test_by_range_reads_every_object_and_offset() -> None:
    pipe, _, _ = three_chains()
    assert pipe.auditor.audit_all(by_range=True).status.complete
    assert len(pipe.bucket.heads) == 4
    assert all(by_range for _, _, by_range in pipe.warehouse.asked)


def test_only_what_is_new_is_compared_again() -> None:
    pipe, first, _ = three_chains()
    pipe.auditor.audit_all()
    pipe.warehouse.asked.clear()
    new = link(300, 20, hour=10)
    first.put(new)
    first.log = Log(0, 340, 0)
    status = pipe.auditor.audit_new().status
    assert (pipe.warehouse.asked, status.full, status.complete) == ([], False, True)
    part = status.partitions[1]
    assert (part.s3_last, part.warehouse_last, part.rows, part.in_flight_s3, part.in_flight_warehouse) == (
        319,
        299,
        300,
        20,
        20,
    )
    first.load(new)
    status = pipe.auditor.audit_new({CHAIN: 319, SECOND: 49}).status
    assert pipe.warehouse.asked == [(CHAIN, 300, False)]
    part = status.partitions[1]
    assert (part.warehouse_last, part.rows, part.in_flight_warehouse) == (319, 320, 0)


def test_what_was_not_equal_is_asked_again_until_it_is() -> None:
    pipe, first, _ = three_chains()
    first.table[7] += 1
    assert not pipe.auditor.audit_all().status.complete
    assert not pipe.auditor.audit_new().status.complete
    pipe.warehouse.asked.clear()
    first.table[7] -= 1
    assert not pipe.auditor.audit_new().status.complete
    assert pipe.auditor.audit_new({SECOND: 49}).status.complete
    assert pipe.warehouse.asked == [(CHAIN, -1, False)]
    pipe.warehouse.asked.clear()
    pipe.auditor.audit_new({CHAIN: 299, SECOND: 49})
    assert pipe.warehouse.asked == []


def test_which_chains_there_are_is_asked_with_the_warehouse() -> None:
    pipe, first, _ = three_chains()
    pipe.auditor.audit_all()
    stranger = World([link(0, 10, chain=BEFORE)], loaded=0, chain=BEFORE)
    stranger.log = None
    pipe.bucket.worlds.append(stranger)
    assert pipe.auditor.audit_new().status.complete
    new = link(300, 20, hour=10)
    first.put(new)
    first.load(new)
    first.log = Log(0, 320, 0)
    audited = pipe.auditor.audit_new({CHAIN: 319})
    assert audited.kinds == {Kind.GONE: 1}


def test_a_stuck_loader_is_late_without_asking_the_warehouse() -> None:
    pipe, first, _ = three_chains()
    pipe.auditor.audit_all()
    first.put(link(300, 20, hour=10), modified=OLD)
    first.log = Log(0, 320, 0)
    audited = pipe.auditor.audit_new()
    assert audited.kinds == {Kind.NOT_LOADED: 1}
    assert audited.status.partitions[1].missing == 20


def test_objects_of_no_chain_and_quarantined_ones_are_named() -> None:
    pipe, first, _ = three_chains()
    inside = f"{CHAIN.prefix}x.csv"
    first.ledger[inside] = LedgerRow(inside, -1, -1, 0, status=QUARANTINED, reason="not a link")
    pipe.bucket.others = ["raw/README", "raw/stock-data/x"]
    pipe.warehouse.others = [("raw/stock-data/x", "no chain"), ("raw/gone", "was foreign")]
    audited = pipe.auditor.audit_all()
    assert audited.status.findings == [
        "quarantined object: raw/stock-data/x: no chain",
        "quarantined object: raw/gone: was foreign",
        "foreign object: raw/README is in no chain",
    ]
    assert audited.status.partitions[1].findings == [f"quarantined object: {inside}: not a link"]
    assert audited.kinds == {Kind.QUARANTINED: 3, Kind.FOREIGN: 1}


def test_twenty_thousand_foreign_objects_are_counted_by_listing() -> None:
    pipe, _, _ = three_chains()
    pipe.bucket.others = [f"raw/stock-data/{CHAIN.topic_id}/part-{number:05d}" for number in range(10_000)]
    pipe.bucket.others += [f"{CHAIN.prefix}dt=2026-11-23/part-{number:05d}" for number in range(10_000)]
    audited = pipe.auditor.audit_all()
    assert audited.kinds == {Kind.FOREIGN: 20_000}
    assert audited.status.findings[20] == (
        f"foreign object: 9980 more objects, {pipe.bucket.others[20]} to {pipe.bucket.others[9_999]}"
    )
    assert sum(len(part.findings) for part in audited.status.partitions) == len(audited.status.findings) == 21
    assert pipe.bucket.heads == []


@pytest.mark.parametrize("folder", ["zz", CHAIN.topic_id.upper().replace("0", "F"), "0" * 31])
def test_a_folder_that_is_no_topic_id_is_not_ours(folder: str) -> None:
    pipe, _, _ = three_chains()
    key = f"raw/stock-data/{folder}/partition=00000/dt=2026-11-23/hour=09/o{0:020d}.parquet"
    pipe.bucket.others = [key]
    status = pipe.auditor.audit_all().status
    assert status.findings == [f"foreign object: {key} is in no chain"]
    assert len(status.partitions) == 3


def test_chains_that_only_a_status_names_are_not_compared() -> None:
    pipe, _, _ = three_chains()
    before = pipe.auditor.audit_all().status
    pipe.warehouse.asked.clear()
    forged = {Chain("nonsense", "x", -1): 7, Chain("stock-data", "e" * 32, 10**18): 7, BEFORE: 7}
    for _ in range(2):
        assert pipe.auditor.audit_new(forged).status.partitions == before.partitions
    assert pipe.warehouse.asked == []


def test_events_in_several_chains_are_counted_with_everything() -> None:
    pipe, _, _ = three_chains()
    pipe.warehouse.across = {SECOND: 3}
    for audit in (pipe.auditor.audit_all, pipe.auditor.audit_new):
        assert [part.resent for part in audit().status.partitions] == [0, 0, 3]


def test_one_topic_alone() -> None:
    pipe, first, second = three_chains()
    pipe.bucket.others = ["raw/README", "raw/stock-data/x"]
    alone = Pipeline(first, second, World([], chain=ALERTS), topics=["stock-data"])
    alone.bucket.others = pipe.bucket.others
    status = alone.auditor.audit_all().status
    assert {part.topic for part in status.partitions} == {"stock-data"}
    assert status.findings == ["foreign object: raw/stock-data/x is in no chain"]


def test_a_reset_group_changes_nothing_and_a_new_topic_id_begins_a_new_chain() -> None:
    again = Chain("stock-data", "e" * 32, 0)
    old, new = World([A, B]), World([link(0, 30, chain=again)], chain=again)
    old.log = None
    pipe = Pipeline(old, new)
    status = pipe.auditor.audit_all().status
    assert (status.complete, sum(len(part.findings) for part in status.partitions)) == (False, 1)
    pipe.kafka.acceptances = {
        text: "restored, 2026-03-02" for part in status.partitions for text in part.findings
    }
    status = pipe.auditor.audit_new().status
    assert status.complete
    assert [
        (part.topic_id, part.kafka_end, part.s3_last, part.warnings != []) for part in status.partitions
    ] == [
        (CHAIN.topic_id, -1, 199, True),
        (again.topic_id, 30, 29, False),
    ]


def test_a_cluster_without_the_topic_proves_nothing() -> None:
    world = World([A, B])
    world.log = None
    status = Pipeline(world).auditor.audit_all().status
    assert (status.complete, status.findings) == (
        False,
        ["no topic: S3 or Snowflake holds chains of stock-data, but Kafka has no such topic"],
    )


@pytest.mark.parametrize("stage", ["kafka", "s3", "snowflake"])
def test_a_stage_that_does_not_answer_is_named_and_nothing_is_forgotten(stage: str) -> None:
    pipe, _, _ = three_chains()
    before = pipe.auditor.audit_all().status
    part = {"kafka": pipe.kafka, "s3": pipe.bucket, "snowflake": pipe.warehouse}[stage]
    part.down = True
    with pytest.raises(NotCompared) as refused:
        pipe.auditor.audit_all()
    assert (refused.value.stage, refused.value.fatal) == (stage, False)
    part.down = False
    assert pipe.auditor.audit_new().status.partitions == before.partitions


def test_before_the_warehouse_was_asked_objects_are_in_flight() -> None:
    world = World([A, B])
    pipe = Pipeline(world)
    status = pipe.auditor.audit_new().status
    assert (status.complete, status.warehouse_at, status.partitions[0].in_flight_warehouse) == (
        True,
        None,
        200,
    )
