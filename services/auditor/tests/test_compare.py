from __future__ import annotations

from typing import NamedTuple

import pytest
import wrong_chains
import wrong_tables
from corruptions import (
    GONE,
    KA,
    KB,
    KC,
    A,
    B,
    C,
    Wrong,
    both,
    kafka,
    rows,
    stored,
    whole,
    without_rows,
)
from world import CHAIN, LIMIT, NOW, OLD, World, accepting, link

from stock_auditor.compare.chain import compare
from stock_auditor.compare.evidence import START, Log, Probe, Stored
from stock_auditor.compare.findings import ACCEPTABLE, Kind
from stock_auditor.compare.ledger_table import agrees
from stock_common.ledger import PRUNED

CASES = {**wrong_chains.CASES, **wrong_tables.CASES}


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


def with_markers(log: Log) -> World:
    """Offsets 300 to 304 hold no record."""
    world = World([A, B, C], log=log)
    kafka(probe=Probe(300, 305))(world)
    return world


def accepted_before(offsets: str) -> str:
    text = f"lost to retention: offsets {offsets} were gone before the chain began ({CHAIN.prefix})"
    return f"accepted (known): {text}"


LOST = link(0, 60, lost=40)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Right(World([]), -1, -1, 0), id="nothing yet"),
        pytest.param(Right(World([], log=Log(0, 20, 0)), -1, -1, 0, (20, 0)), id="nothing on S3 yet"),
        pytest.param(Right(whole()), id="equal"),
        pytest.param(Right(World([A, B, C], log=Log(0, 350, 300)), in_flight=(50, 0)), id="in flight to S3"),
        pytest.param(Right(with_markers(log=Log(0, 305, 305))), id="a transaction's markers at the end"),
        pytest.param(
            Right(with_markers(log=Log(0, 350, 302)), in_flight=(45, 0)), id="in flight after markers"
        ),
        pytest.param(
            Right(World([A, B, C], loaded=1), warehouse=99, rows=100, in_flight=(0, 200)),
            id="in flight to Snowflake",
        ),
        pytest.param(Right(World([A, B, C], log=Log(250, 300, 300))), id="Kafka has deleted what is on S3"),
        pytest.param(
            Right(
                World([link(50, 50), B], log=Log(50, 200, 0)),
                *(199, 199, 150),
                lost=50,
                warnings=(accepted_before("0 to 49"),),
            ),
            id="the chain began at the log's start",
        ),
        pytest.param(
            Right(
                World([link(0, 90, rejected=10), link(100, 95, holes=5), link(200, 0, rejected=100)]),
                rows=185,
                rejected=110,
            ),
            id="rejected and holes",
        ),
        pytest.param(
            Right(
                World([LOST, B, C], log=Log(120, 300, 0)),
                rows=260,
                lost=40,
                warnings=(
                    "accepted (known): lost to retention: 40 of the offsets 0 to 99 were gone before"
                    f" they were read ({LOST.key})",
                ),
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
                warnings=(
                    f"accepted (known): deleted object: {KB} (offsets 100 to 199, 100 rows) is in the"
                    " ledger but not on S3",
                ),
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
    assert (verdict.rejected, verdict.lost, tuple(verdict.warnings)) == (
        case.rejected,
        case.lost,
        case.warnings,
    )
    assert (verdict.missing, verdict.doubled) == (0, 0)


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
    assert {text.partition(":")[0] for case in CASES.values() for text in case.findings} == set(Kind) - {
        Kind.NO_TOPIC
    }


def test_totals_that_differ_ask_for_the_ranges() -> None:
    world = World([link(0, 90, rejected=10), B, C], loaded=2)
    held = list(world.ledger.values())
    assert agrees(held, world.reading().totals)
    for corrupt in (
        rows(150, copies=1),
        without_rows(150),
        rows(1000, copies=1),
        both(without_rows(150), rows(1000, copies=1)),
    ):
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
    assert (outcome.verdict.missing, outcome.verdict.in_flight_s3, outcome.verdict.in_flight_warehouse) == (
        110,
        0,
        0,
    )


def test_a_late_stretch_is_one_finding() -> None:
    world = World([A, B, C], loaded=1)
    for key in (KB, KC):
        stored(key, modified=OLD)(world)
    assert list(map(str, compare(world.evidence()).findings)) == [
        f"not in Snowflake: 2 objects, {KB} to {KC} (offsets 100 to 299), are not in the ledger more"
        f" than {LIMIT:.0f} s after the put"
    ]


def test_foreign_objects_are_named_up_to_a_bound() -> None:
    world = whole()
    keys = [f"{CHAIN.prefix}dt=2026-11-23/hour=09/part-{number:05d}" for number in range(20_000)]
    for key in keys:
        world.objects[key] = Stored(key, "x", NOW, None, "is not the key of a link")
    findings = compare(world.evidence()).findings
    assert [each.detail for each in findings[:2]] == [f"{key} is not the key of a link" for key in keys[:2]]
    assert findings[-1] == (Kind.FOREIGN, f"19980 more objects, {keys[20]} to {keys[-1]}", 19_980)
    assert len(findings) == 21


def test_what_can_be_repaired_cannot_be_accepted() -> None:
    world = whole()
    rows(150, copies=1)(world)
    evidence = world.evidence()
    assert compare(accepting(evidence, Kind.ROWS_DOUBLED)).findings == compare(evidence).findings != []
