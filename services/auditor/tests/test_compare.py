from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest
from world import CHAIN, LIMIT, NOW, OLD, World, accepting, link

from stock_auditor.compare import Outcome, compare
from stock_auditor.evidence import PRUNED, QUARANTINED, START, Checkpoint, LedgerRow, Log, Stored
from stock_auditor.findings import ACCEPTABLE, Kind
from stock_auditor.table_check import agrees

A, B, C = link(0, 100), link(100, 100), link(200, 100)
KA, KB, KC = str(A.key), str(B.key), str(C.key)


def whole() -> World:
    return World([A, B, C])


class Right(NamedTuple):
    """A state that is as it should be."""

    world: World
    s3: int = 299
    warehouse: int = 299
    rows: int = 300
    in_flight: tuple[int, int] = (0, 0)
    rejected: int = 0
    lost: int = 0
    warnings: tuple[str, ...] = ()


def pruned() -> World:
    world = whole()
    for key, offsets in ((KA, range(100)),):
        world.ledger[key] = world.ledger[key]._replace(status=PRUNED)
        for offset in offsets:
            del world.table[offset]
    return world


def pruned_everywhere() -> World:
    world = pruned()
    del world.objects[KA]
    return world


def gone_from_kafka() -> World:
    world = whole()
    world.log = None
    return world


def deleted_for_good() -> World:
    world = whole()
    del world.objects[KB]
    return world


LOST = link(0, 60, lost=40)
GONE = f"topic made anew: {CHAIN.topic_id} is no longer the topic id of Kafka's stock-data: what S3 did not have of it is gone"


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Right(World([]), -1, -1, 0), id="nothing yet"),
        pytest.param(Right(World([], log=Log(7, 20, 0)), -1, -1, 0, (13, 0)), id="nothing on S3 yet"),
        pytest.param(Right(whole()), id="equal"),
        pytest.param(Right(World([A, B, C], log=Log(0, 350, 300)), in_flight=(50, 0)), id="in flight to S3"),
        pytest.param(Right(World([A, B, C], loaded=1), warehouse=99, rows=100, in_flight=(0, 200)), id="in flight to Snowflake"),
        pytest.param(Right(World([A, B, C], log=Log(250, 300, 300))), id="Kafka has deleted what is on S3"),
        pytest.param(Right(World([link(50, 50), B], log=Log(50, 200, 0)), 199, 199, 150), id="the chain began at the log's start"),
        pytest.param(
            Right(World([link(0, 90, rejected=10), link(100, 95, holes=5), link(200, 0, rejected=100)]), rows=185, rejected=110),
            id="rejected and holes",
        ),
        pytest.param(
            Right(
                World([LOST, B, C], log=Log(120, 300, 0)),
                rows=260,
                lost=40,
                warnings=(f"accepted (known): lost to retention: 40 of the offsets 0 to 99 were gone before they were read ({LOST.key})",),
            ),
            id="loss accepted",
        ),
        pytest.param(Right(pruned(), rows=200), id="pruned"),
        pytest.param(Right(pruned_everywhere(), rows=200), id="pruned on S3 too"),
        pytest.param(
            Right(gone_from_kafka(), warnings=(f"accepted (known): {GONE}",)),
            id="new topic accepted",
        ),
        pytest.param(
            Right(
                deleted_for_good(),
                warnings=(f"accepted (known): deleted object: {KB} (offsets 100 to 199, 100 rows) is in the ledger but not on S3",),
            ),
            id="deleted object accepted",
        ),
    ],
)
@pytest.mark.parametrize("by_range", [True, False], ids=["by range", "by totals"])
def test_what_is_right_has_no_finding(case: Right, by_range: bool) -> None:
    evidence = case.world.evidence(runs=by_range)
    outcome = compare(accepting(evidence, *ACCEPTABLE) if case.warnings else evidence)
    verdict = outcome.verdict
    assert outcome.findings == []
    assert (verdict.s3_last, verdict.warehouse_last, verdict.rows) == (case.s3, case.warehouse, case.rows)
    assert (verdict.in_flight_s3, verdict.in_flight_warehouse) == case.in_flight
    assert (verdict.rejected, verdict.lost, tuple(verdict.warnings)) == (case.rejected, case.lost, case.warnings)
    assert (verdict.missing, verdict.doubled) == (0, 0)


class Wrong(NamedTuple):
    """What is done to the whole chain of A, B and C, and exactly what is found."""

    corrupt: Callable[[World], None]
    findings: tuple[str, ...]
    missing: int = 0
    doubled: int = 0


def both(*corruptions: Callable[[World], None]) -> Callable[[World], None]:
    def corrupt(world: World) -> None:
        for each in corruptions:
            each(world)

    return corrupt


def delete(*keys: str, ledger: bool = False) -> Callable[[World], None]:
    def corrupt(world: World) -> None:
        for key in keys:
            del (world.ledger if ledger else world.objects)[key]

    return corrupt


def delete_before_loading(world: World) -> None:
    del world.objects[KB], world.ledger[KB]
    for offset in range(100, 200):
        del world.table[offset]


def rows(*offsets: int, copies: int) -> Callable[[World], None]:
    return lambda world: world.table.update(dict.fromkeys(offsets, copies))


def without_rows(*offsets: int) -> Callable[[World], None]:
    def corrupt(world: World) -> None:
        for offset in offsets:
            del world.table[offset]

    return corrupt


def log(first: int, end: int, due: int) -> Callable[[World], None]:
    return lambda world: setattr(world, "log", Log(first, end, due))


def stored(key: str, **changes: object) -> Callable[[World], None]:
    return lambda world: world.objects.update({key: world.objects[key]._replace(**changes)})


def ledgered(key: str, **changes: object) -> Callable[[World], None]:
    return lambda world: world.ledger.update({key: world.ledger[key]._replace(**changes)})


def foreign(world: World) -> None:
    key = f"{CHAIN.prefix}report.csv"
    world.objects[key] = Stored(key, "x", NOW, None, "is not the key of a link")


def quarantined_foreign(world: World) -> None:
    foreign(world)
    key = f"{CHAIN.prefix}report.csv"
    world.ledger[key] = LedgerRow(key, -1, -1, 0, status=QUARANTINED, reason="not the key of a link")


ZOMBIE = link(250, 60, hour=10)
LATE = link(300, 50, hour=10)


def zombie(quarantined: bool) -> Callable[[World], None]:
    def corrupt(world: World) -> None:
        world.put(ZOMBIE)
        world.log = Log(0, 310, 310)
        if quarantined:
            world.load(ZOMBIE, QUARANTINED)
            world.ledger[str(ZOMBIE.key)] = world.ledger[str(ZOMBIE.key)]._replace(reason="overlaps")

    return corrupt


def late(modified_old: bool, again: bool = False) -> Callable[[World], None]:
    def corrupt(world: World) -> None:
        world.put(LATE, modified=OLD if modified_old else NOW)
        world.log = Log(0, 350, 350)
        if again:
            after = link(350, 10, hour=11)
            world.put(after)
            world.load(after)
            world.log = Log(0, 360, 360)

    return corrupt


def foreign_in_place(world: World) -> None:
    world.objects[KB] = Stored(KB, "other", NOW, None, "has no metadata 'last-offset'")


def replaced_with_other_range(world: World) -> None:
    world.objects[KC] = Stored(KC, "other", NOW, link(200, 80))


def lost(world: World) -> None:
    world.put(link(300, 0, lost=20, hour=10))
    world.load(link(300, 0, lost=20, hour=10))
    world.log = Log(320, 350, 320)


def loaded_twice(world: World) -> None:
    world.put(ZOMBIE)
    world.load(ZOMBIE)
    world.log = Log(0, 310, 310)


def out_of_order(world: World) -> None:
    world.put(link(300, 10, hour=8))
    world.log = Log(0, 310, 310)


CASES = {
    "deleted object": Wrong(delete(KB), (f"deleted object: {KB} (offsets 100 to 199, 100 rows) is in the ledger but not on S3",), missing=100),
    "last object deleted": Wrong(delete(KC), (f"deleted object: {KC} (offsets 200 to 299, 100 rows) is in the ledger but not on S3",), missing=100),
    "every object deleted": Wrong(
        delete(KA, KB, KC),
        tuple(
            f"deleted object: {key} (offsets {offsets}, 100 rows) is in the ledger but not on S3"
            for key, offsets in ((KA, "0 to 99"), (KB, "100 to 199"), (KC, "200 to 299"))
        ),
        missing=300,
    ),
    "object deleted before it was loaded": Wrong(
        delete_before_loading, (f"hole in the chain: offsets 100 to 199 are in no object, before {KC}; Kafka still holds them",), missing=100
    ),
    "first object deleted before it was loaded": Wrong(
        both(delete(KA), delete(KA, ledger=True), without_rows(*range(100))),
        (f"hole in the chain: offsets 0 to 99 are in no object, before {KB}; Kafka still holds them",),
        missing=100,
    ),
    "hole that Kafka holds in part": Wrong(
        both(delete_before_loading, log(150, 300, 0)),
        (f"hole in the chain: offsets 100 to 199 are in no object, before {KC}; Kafka still holds 150 to 199",),
        missing=100,
    ),
    "hole that Kafka no longer holds": Wrong(
        both(delete_before_loading, log(300, 300, 0)),
        (f"hole in the chain: offsets 100 to 199 are in no object, before {KC}; Kafka no longer holds them",),
        missing=100,
    ),
    "deleted ledger row": Wrong(delete(KB, ledger=True), (f"no ledger row: 100 offsets, 100 to 199, are in Snowflake; they are in {KB}",)),
    "last ledger row deleted": Wrong(delete(KC, ledger=True), (f"no ledger row: 100 offsets, 200 to 299, are in Snowflake; they are in {KC}",)),
    "ledger emptied": Wrong(
        delete(KA, KB, KC, ledger=True), (f"no ledger row: 300 offsets, 0 to 299, are in Snowflake; they are in {KA} and 2 more objects",)
    ),
    "object deleted and rows of it too": Wrong(
        both(delete(KB), without_rows(110)),
        (
            f"deleted object: {KB} (offsets 100 to 199, 100 rows) is in the ledger but not on S3",
            f"missing rows: {KB} (offsets 100 to 199): Snowflake has 99 of its 100 rows; absent: 110",
        ),
        missing=100,
    ),
    "rows deleted where some were rejected": Wrong(
        both(stored(KB, link=link(100, 95, rejected=5)), ledgered(KB, rows=95, rejected=5), without_rows(*range(100, 105), 110)),
        (f"missing rows: {KB} (offsets 100 to 199): Snowflake has 94 of its 95 rows; absent: 100 to 104, 110, of which 5 were never rows",),
        missing=1,
    ),
    "rows where some were rejected": Wrong(
        both(stored(KB, link=link(100, 95, rejected=5)), ledgered(KB, rows=95, rejected=5)),
        (f"surplus rows: {KB} (offsets 100 to 199): Snowflake has 100 of its offsets, it holds 95 rows",),
    ),
    "row inserted twice": Wrong(
        rows(150, copies=1), (f"doubled rows: {KB}: offsets 150 are in Snowflake more than once, rows too many: 1",), doubled=1
    ),
    "rows inserted twice and thrice": Wrong(
        both(rows(*range(110, 120), copies=1), rows(115, copies=1)),
        (f"doubled rows: {KB}: offsets 110 to 119 are in Snowflake more than once, rows too many: 11",),
        doubled=10,
    ),
    "rows across two objects inserted twice": Wrong(
        rows(99, 100, copies=1),
        (
            f"doubled rows: {KA}: offsets 99 are in Snowflake more than once, rows too many: 1",
            f"doubled rows: {KB}: offsets 100 are in Snowflake more than once, rows too many: 1",
        ),
        doubled=2,
    ),
    "rows deleted": Wrong(
        without_rows(*range(110, 120), 130),
        (f"missing rows: {KB} (offsets 100 to 199): Snowflake has 89 of its 100 rows; absent: 110 to 119, 130",),
        missing=11,
    ),
    "rows deleted and others doubled, as many": Wrong(
        both(without_rows(110), rows(220, copies=1)),
        (
            f"missing rows: {KB} (offsets 100 to 199): Snowflake has 99 of its 100 rows; absent: 110",
            f"doubled rows: {KC}: offsets 220 are in Snowflake more than once, rows too many: 1",
        ),
        missing=1,
        doubled=1,
    ),
    "rows that no object holds": Wrong(
        rows(1000, 1001, copies=1),
        ("no ledger row: 2 offsets, 1000 to 1001, are in Snowflake; no object holds them",),
    ),
    "doubled rows that no object holds": Wrong(
        rows(1000, copies=2),
        (
            "no ledger row: 1 offsets, 1000, are in Snowflake; no object holds them",
            "doubled rows: offsets 1000 are in Snowflake more than once, rows too many: 1",
        ),
        doubled=1,
    ),
    "rows of a pruned object": Wrong(ledgered(KA, status=PRUNED), (f"surplus rows: {KA} is pruned, but offsets 0 to 99 are in Snowflake",)),
    "foreign file": Wrong(foreign, (f"foreign object: {CHAIN.prefix}report.csv is not the key of a link",)),
    "foreign file, quarantined": Wrong(quarantined_foreign, (f"quarantined object: {CHAIN.prefix}report.csv: not the key of a link",)),
    "replaced object": Wrong(stored(KB, etag="other"), (f"replaced object: {KB} has the ETag other, in the ledger etag-100-199",)),
    "replaced by another range": Wrong(
        replaced_with_other_range,
        (
            f"replaced object: {KC} has the ETag other, in the ledger etag-200-299; it says offsets 200 to 279, rows 80, rejected 0, holes 0, lost 0,"
            " the ledger offsets 200 to 299, rows 100, rejected 0, holes 0, lost 0",
        ),
    ),
    "replaced by a foreign file": Wrong(
        foreign_in_place,
        (f"replaced object: {KB} has the ETag other, in the ledger etag-100-199; it has no metadata 'last-offset'",),
        missing=100,
    ),
    "metadata differs": Wrong(
        stored(KB, link=link(100, 99, rejected=1)),
        (
            f"ledger differs: {KB}: it says offsets 100 to 199, rows 99, rejected 1, holes 0, lost 0,"
            " the ledger offsets 100 to 199, rows 100, rejected 0, holes 0, lost 0",
        ),
    ),
    "overlapping link, to be loaded": Wrong(zombie(False), (f"overlapping links: offsets 250 to 299 are in {KC} and in {ZOMBIE.key}",), doubled=50),
    "overlapping link, quarantined": Wrong(
        zombie(True),
        (
            f"overlapping links: offsets 250 to 299 are in {KC} and in {ZOMBIE.key}",
            f"quarantined object: {ZOMBIE.key} (offsets 250 to 309): overlaps",
        ),
        missing=10,
        doubled=50,
    ),
    "overlapping link, loaded": Wrong(
        loaded_twice,
        (
            f"overlapping links: offsets 250 to 299 are in {KC} and in {ZOMBIE.key}",
            f"ledgered twice: offsets 250 to 299 are in the ledger with {KC} and with {ZOMBIE.key}",
            f"doubled rows: {KC}: offsets 250 to 299 are in Snowflake more than once, rows too many: 50",
            f"doubled rows: {ZOMBIE.key}: offsets 250 to 299 are in Snowflake more than once, rows too many: 50",
        ),
        doubled=50,
    ),
    "link out of order": Wrong(
        out_of_order,
        (
            f"link out of order: {link(300, 10, hour=8).key} (offsets 300 to 309) is named before {KC}, which has lower offsets",
            f"skipped by the loader: {link(300, 10, hour=8).key} (offsets 300 to 309) is not in the ledger, although later links are",
        ),
        missing=10,
    ),
    "late on S3": Wrong(log(0, 350, 320), ("not on S3: offsets 300 to 319 are in Kafka for more than 600 s and in no object",), missing=20),
    "late in Snowflake": Wrong(
        late(modified_old=True),
        (f"not in Snowflake: {LATE.key} (offsets 300 to 349) is not in the ledger more than 600 s after the put",),
        missing=50,
    ),
    "skipped by the loader": Wrong(
        late(modified_old=False, again=True),
        (f"skipped by the loader: {LATE.key} (offsets 300 to 349) is not in the ledger, although later links are",),
        missing=50,
    ),
    "log truncated": Wrong(log(0, 250, 250), ("truncated log: S3 holds offsets up to 299, Kafka's log ends at 250: it was truncated or replaced",)),
    "retention passed the sink": Wrong(
        log(320, 350, 0), ("expired in Kafka: offsets 300 to 319 were deleted by retention before they were on S3",), missing=20
    ),
    "lost to retention": Wrong(
        lost, (f"lost to retention: 20 of the offsets 300 to 319 were gone before they were read ({link(300, 0, lost=20, hour=10).key})",)
    ),
    "topic made anew": Wrong(lambda world: setattr(world, "log", None), (GONE,)),
    "quarantined": Wrong(
        both(ledgered(KC, status=QUARANTINED, reason="corrupt"), without_rows(*range(200, 300))),
        (f"quarantined object: {KC} (offsets 200 to 299): corrupt",),
        missing=100,
    ),
}


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
def test_what_is_wrong_is_named_exactly(case: Wrong) -> None:
    world = whole()
    case.corrupt(world)
    outcome = compare(world.evidence())
    assert tuple(map(str, outcome.findings)) == case.findings
    assert outcome.verdict.findings == list(case.findings)
    assert (outcome.verdict.missing, outcome.verdict.doubled) == (case.missing, case.doubled)
    assert outcome.checkpoint == START


def test_every_kind_of_finding_has_a_case() -> None:
    assert {text.partition(":")[0] for case in CASES.values() for text in case.findings} == set(Kind) - {Kind.NO_TOPIC}


def test_totals_that_differ_ask_for_the_ranges() -> None:
    world = World([link(0, 90, rejected=10), B, C], loaded=2)
    held = list(world.ledger.values())
    assert agrees(held, world.reading().totals)
    for corrupt in (rows(150, copies=1), without_rows(150), rows(1000, copies=1), both(without_rows(150), rows(1000, copies=1))):
        corrupted = World([link(0, 90, rejected=10), B, C], loaded=2)
        corrupt(corrupted)
        assert not agrees(held, corrupted.reading().totals)


def test_a_drained_pipeline_has_nothing_in_flight() -> None:
    world = World([A, B, C], loaded=2, log=Log(0, 310, 310))
    outcome = compare(world.evidence(limit=0))
    assert list(map(str, outcome.findings)) == [
        "not on S3: offsets 300 to 309 are in Kafka and in no object",
        f"not in Snowflake: {KC} (offsets 200 to 299) is not in the ledger",
    ]
    assert (outcome.verdict.missing, outcome.verdict.in_flight_s3, outcome.verdict.in_flight_warehouse) == (110, 0, 0)


def test_a_late_stretch_is_one_finding() -> None:
    world = World([A, B, C], loaded=1)
    for key in (KB, KC):
        stored(key, modified=OLD)(world)
    assert list(map(str, compare(world.evidence()).findings)) == [
        f"not in Snowflake: 2 objects, {KB} to {KC} (offsets 100 to 299), are not in the ledger more than {LIMIT:.0f} s after the put"
    ]


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


def test_an_accepted_loss_that_is_not_loaded_yet_is_told_once() -> None:
    world = World([A, link(100, 0, lost=20)], loaded=1, log=Log(120, 120, 0))
    first = compare(accepting(world.evidence(), Kind.LOST))
    assert (first.checkpoint.next, first.checkpoint.warnings, len(first.warnings)) == (100, (), 1)
    world.load(link(100, 0, lost=20))
    second = compare(accepting(world.evidence(first.checkpoint), Kind.LOST))
    assert second.warnings == list(second.checkpoint.warnings) == first.warnings
    assert compare(world.evidence(second.checkpoint)).warnings == first.warnings


def test_what_can_be_repaired_cannot_be_accepted() -> None:
    world = whole()
    rows(150, copies=1)(world)
    evidence = world.evidence()
    assert compare(accepting(evidence, Kind.ROWS_DOUBLED)).findings == compare(evidence).findings != []


def test_behind_a_checkpoint_corruption_is_found_too() -> None:
    world = whole()
    checkpoint: Checkpoint = compare(World([A]).evidence()).checkpoint
    delete(KB)(world)
    outcome = compare(world.evidence(checkpoint))
    assert list(map(str, outcome.findings)) == [f"deleted object: {KB} (offsets 100 to 199, 100 rows) is in the ledger but not on S3"]
    assert outcome.checkpoint == checkpoint
