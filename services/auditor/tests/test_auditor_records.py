"""When an audit reads records: where a chain does not go on, and where a link has holes."""

from __future__ import annotations

from memory_stages import Pipeline
from world import CHAIN, World, link

from stock_auditor.compare.evidence import Log
from stock_auditor.compare.findings import Kind
from stock_common.links import Link

A, B = link(0, 100), link(100, 100)
HOLED = link(100, 90, holes=10)


def grown(*links: Link, end: int, due: int = 0) -> Pipeline:
    return Pipeline(World([A, *links], log=Log(0, end, due)))


def test_a_chain_that_goes_on_is_not_probed() -> None:
    pipe = Pipeline(world := World([A]))
    pipe.auditor.audit_all()
    for first in range(100, 500, 100):
        # Records come, and are on S3 at the next comparison.
        world.log = Log(0, first + 150, 0)
        world.put(link(first, 100))
        pipe.auditor.audit_new()
    assert pipe.records.probed == []


def test_a_chain_that_does_not_go_on_is_probed_at_the_next_comparison() -> None:
    pipe = Pipeline(world := World([A]))
    world.broken = 120
    pipe.auditor.audit_all()
    world.log = Log(0, 150, 0)
    assert pipe.auditor.audit_new().status.complete
    assert pipe.records.probed == []
    assert pipe.auditor.audit_new().status.complete
    assert pipe.records.probed == [(CHAIN, 100)]
    world.put(link(100, 20))
    assert pipe.auditor.audit_new().status.complete
    audited = pipe.auditor.audit_new()
    assert audited.kinds == {Kind.UNREADABLE: 1}
    (part,) = audited.status.partitions
    assert (part.missing, part.in_flight_s3) == (30, 0)


def test_a_command_probes_at_once() -> None:
    pipe = grown(end=150)
    pipe.kafka.worlds[0].broken = 100
    assert pipe.auditor.audit_all().kinds == {Kind.UNREADABLE: 1}


def test_a_batch_that_can_be_read_again_is_no_finding_any_more() -> None:
    pipe = grown(end=150)
    world = pipe.kafka.worlds[0]
    world.broken = 100
    assert not pipe.auditor.audit_all().status.complete
    world.broken = None
    assert pipe.auditor.audit_new().status.complete


def test_a_transactions_markers_at_the_end_are_read_once_and_are_not_late() -> None:
    pipe = grown(end=104, due=104)
    world = pipe.kafka.worlds[0]
    world.holes = set(range(100, 104))
    for audit in (pipe.auditor.audit_all, pipe.auditor.audit_new, pipe.auditor.audit_new):
        (part,) = audit().status.partitions
        assert (part.findings, part.missing, part.in_flight_s3) == ([], 0, 0)
    assert pipe.records.probed == [(CHAIN, 100)]
    world.log = Log(0, 110, 110)
    audited = pipe.auditor.audit_new()
    assert audited.status.partitions[0].findings == [
        "not on S3: offsets 104 to 109 are in Kafka for more than 600 s and in no object"
    ]


def test_holes_that_are_records_are_named_until_they_are_elsewhere() -> None:
    pipe = grown(HOLED, end=200)
    world = pipe.kafka.worlds[0]
    for audit in (pipe.auditor.audit_all, pipe.auditor.audit_new):
        assert audit().status.partitions[0].missing == 0
    world.holes.remove(105)
    audited = pipe.auditor.audit_all()
    assert audited.kinds == {Kind.UNREAD: 1}
    assert audited.status.partitions[0].missing == 1
    assert [each.key for each in audited.unread] == [HOLED.key]
    world.holes.add(105)
    assert pipe.auditor.audit_all().status.complete


def test_only_links_with_holes_are_read() -> None:
    pipe = grown(HOLED, link(200, 100), end=300)
    pipe.auditor.audit_all()
    assert pipe.records.counted == [str(HOLED.key)]
    assert pipe.records.probed == []


def test_an_acceptance_hides_nothing_that_can_be_repaired() -> None:
    pipe = grown(HOLED, end=250, due=210)
    world = pipe.kafka.worlds[0]
    world.holes, world.broken = set(), 205
    before = pipe.auditor.audit_all()
    assert before.kinds == {Kind.UNREAD: 1, Kind.NOT_ON_S3: 1}
    pipe.kafka.acceptances = {text: "forged" for part in before.status.partitions for text in part.findings}
    assert pipe.auditor.audit_all().status.partitions == before.status.partitions
