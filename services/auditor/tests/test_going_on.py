"""An audit goes on where the one before it found a chain equal."""

from __future__ import annotations

from corruptions import KB, KC, A, B, C, delete, whole
from world import CHAIN, World, accepting, link

from stock_auditor.compare.chain import Outcome, compare
from stock_auditor.compare.evidence import START, Checkpoint, Log
from stock_auditor.compare.findings import Kind

BEFORE = (
    f"accepted (known): lost to retention: offsets 0 to 49 were gone before the chain began ({CHAIN.prefix})"
)


def test_an_audit_goes_on_from_its_checkpoint() -> None:
    world = World([link(0, 80, rejected=15, lost=5), B, C], loaded=2, log=Log(0, 300, 0))
    first = compare(accepting(world.evidence(), Kind.LOST))
    assert first.checkpoint[:6] == (200, KB, 180, 15, 0, 5)
    world.load(C)
    second: Outcome = compare(world.evidence(first.checkpoint))
    assert second.findings == []
    assert second.checkpoint[:6] == (300, KC, 280, 15, 0, 5)
    assert second.verdict == compare(accepting(world.evidence(START), Kind.LOST)).verdict
    assert compare(world.evidence(second.checkpoint)).verdict == second.verdict


def test_what_was_gone_before_the_chain_began_is_counted_once() -> None:
    world = World([link(50, 50), B], loaded=1, log=Log(50, 200, 0))
    first = compare(accepting(world.evidence(), Kind.LOST))
    assert (first.verdict.lost, first.checkpoint.lost, first.checkpoint.warnings) == (
        50,
        50,
        (BEFORE,),
    )
    world.load(B)
    second = compare(accepting(world.evidence(first.checkpoint), Kind.LOST))
    assert (second.verdict.lost, second.warnings) == (50, first.warnings)
    world.log = None
    assert compare(accepting(world.evidence(second.checkpoint), Kind.GONE)).verdict.lost == 50


def test_an_accepted_loss_that_is_not_loaded_yet_is_a_warning_once() -> None:
    world = World([A, link(100, 0, lost=20)], loaded=1, log=Log(120, 120, 0))
    first = compare(accepting(world.evidence(), Kind.LOST))
    assert (first.checkpoint.next, first.checkpoint.warnings, len(first.warnings)) == (100, (), 1)
    world.load(link(100, 0, lost=20))
    second = compare(accepting(world.evidence(first.checkpoint), Kind.LOST))
    assert second.warnings == list(second.checkpoint.warnings) == first.warnings
    assert compare(world.evidence(second.checkpoint)).warnings == first.warnings


def test_corruption_after_a_checkpoint_is_found_too() -> None:
    world = whole()
    checkpoint: Checkpoint = compare(World([A]).evidence()).checkpoint
    delete(KB)(world)
    outcome = compare(world.evidence(checkpoint))
    assert list(map(str, outcome.findings)) == [
        f"deleted object: {KB} (offsets 100 to 199, 100 rows) is in the ledger but not on S3"
    ]
    assert outcome.checkpoint == checkpoint
