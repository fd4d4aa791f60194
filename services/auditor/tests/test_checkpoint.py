"""A chain at rest is not listed again."""

from __future__ import annotations

from memory_stages import three_chains
from world import CHAIN, link

from stock_auditor.compare.checkpoint import LISTED_FOR
from stock_auditor.compare.evidence import Log
from stock_auditor.compare.findings import Kind


def test_a_chain_at_rest_is_not_listed_again() -> None:
    pipe, first, second = three_chains()
    pipe.auditor.audit_all()
    verdicts = pipe.auditor.audit_new().status.partitions
    pipe.bucket.lists.clear()
    status = pipe.auditor.audit_new().status
    assert (status.complete, status.partitions, pipe.bucket.lists) == (True, verdicts, [])
    first.put(link(300, 20, hour=10))
    first.log = Log(0, 340, 0)
    for _ in range(2):
        # The log goes on after the last object, so there may be another object at any moment.
        assert [part.in_flight_s3 for part in pipe.auditor.audit_new().status.partitions] == [0, 20, 0]
        assert pipe.bucket.lists == [CHAIN.prefix]
        pipe.bucket.lists.clear()
    first.put(link(320, 20, hour=10))
    for listed in ([CHAIN.prefix], []):
        part = pipe.auditor.audit_new().status.partitions[1]
        assert (part.s3_last, part.in_flight_s3, part.in_flight_warehouse, pipe.bucket.lists) == (
            339,
            0,
            40,
            listed,
        )
        pipe.bucket.lists.clear()
    second.objects.clear()
    assert pipe.auditor.audit_new().status.complete


def test_a_chain_at_rest_is_listed_after_a_while_all_the_same() -> None:
    pipe, first, _ = three_chains()
    pipe.auditor.audit_all()
    first.put(link(50, 10, hour=10))
    assert pipe.auditor.audit_new().status.complete
    pipe.now += LISTED_FOR
    for _ in range(2):
        # A chain that is not equal is not at rest before it is repaired.
        audited = pipe.auditor.audit_new()
        assert (audited.status.complete, Kind.OVERLAP in audited.kinds) == (False, True)
    pipe.bucket.lists.clear()
    pipe.auditor.audit_new()
    assert pipe.bucket.lists == [CHAIN.prefix]
