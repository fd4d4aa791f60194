"""The verdict on tables and audits, from what Kafka took, what S3 holds and what Snowflake holds."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from stock_objects.chain import Chain

from . import judge
from .engine import Violation
from .s3 import STRANGER
from .stand_ins import GOOD
from .tables import Data

if TYPE_CHECKING:
    from .pipeline_run import PipelineRun


class Kept:
    """Where each accepted offset was at a moment, and which ones Kafka had accepted until then."""

    def __init__(self, run: PipelineRun) -> None:
        self.accepted: dict[Chain, set[int]] = {}
        self.in_kafka: dict[Chain, range] = {}
        for chain, log in judge.logs(run):
            good = (at for at, each in log.truth.items() if each.value and each.value.startswith(GOOD))
            self.accepted[chain] = set(good) - log.replaced
            live = run.cluster.topics[chain.topic].topic_id == chain.topic_id
            self.in_kafka[chain] = range(log.first, log.end) if live else range(0)


def check_complete(run: PipelineRun, before: Kept) -> None:
    """*Complete* is true: what Kafka had taken when the audit began is in the table, on S3, or in Kafka."""
    check_once(run.server.data)
    for chain, accepted in before.accepted.items():
        if run.cluster.topics[chain.topic].topic_id != chain.topic_id:
            continue  # what S3 did not have of an old topic id nobody knows any more
        stored = {row.offset for row in run.server.data.rows if row.chain == chain}
        for link in judge.links(run.bucket, chain):
            if not link.lost:
                stored |= set(range(link.first, link.last + 1))
        if gone := accepted - stored - set(before.in_kafka[chain]):
            raise Violation(f"an audit says complete, and {sorted(gone)} of {chain} is nowhere")


def check_once(data: Data) -> None:
    """No offset is in a table or in the ledger twice."""
    rows = Counter((row.chain, row.offset) for row in data.rows)
    if twice := [place for place, number in rows.items() if number > 1]:
        raise Violation(f"doubled in the table: {twice[0]}")
    names = Counter(row.key for row in data.ledger)
    if again := [key for key, number in names.items() if number > 1]:
        raise Violation(f"in the ledger twice: {again[0]}")
    held = sorted((r.chain, r.first, r.last) for r in data.ledger if r.first is not None)
    for one, other in pairwise(held):
        if one[0] == other[0] and other[1] != one[2] + 1:
            raise Violation(f"the ledger of {one[0]} goes from {one[2]} to {other[1]}")


def check_quarantined(run: PipelineRun) -> None:
    """Only a stranger's object, and what overlaps another, is quarantined. A forged link overlaps many."""
    overlapping = set()
    for chain, _ in judge.logs(run):
        every = judge.links(run.bucket, chain)
        overlapping |= {str(one.key) for one in every if any(judge.meet(one, other) for other in every)}
    forged = any(row.key in run.bucket.strangers and row.first is not None for row in run.server.data.ledger)
    for entry in run.server.data.ledger:
        theirs = forged or entry.key in run.bucket.strangers or entry.key in overlapping
        if entry.status == "quarantined" and not theirs:
            raise Violation(f"{entry.key} is quarantined for nothing: {entry.reason}")


def check_tables(run: PipelineRun) -> None:
    """The table holds what the ledgered objects hold, each record as Kafka took it."""
    data = run.server.data
    check_once(data)
    check_quarantined(run)
    for chain, log in judge.logs(run):
        rows = {row.offset: row for row in data.rows if row.chain == chain}
        for offset, row in rows.items():
            if offset not in log.replaced and log.truth[offset].value != row.value:
                raise Violation(f"the table holds {row.value!r} at {offset}, Kafka had {log.truth[offset]}")
        for entry in data.ledger:
            if entry.chain != chain or entry.status != "loaded" or entry.first is None or entry.last is None:
                continue
            inside = [at for at in rows if entry.first <= at <= entry.last]
            if len(inside) != entry.rows:
                raise Violation(f"the ledger has {entry.rows} rows of {entry.key}, the table {inside}")


NEVER_PASSING = (
    "truncated log",
    "overlapping",
    "doubled",
    "surplus",
    "no ledger",
    "ledgered twice",
    "missing rows",
)
"""Findings that nothing on its way explains."""


def check_findings(run: PipelineRun, texts: list[str]) -> None:
    """An audit of a whole pipeline names nothing that only damage can be."""
    false = [text for text in texts if text.startswith(NEVER_PASSING)]
    if false and not run.bucket.strangers and not excuses(run):
        raise Violation(f"an audit finds what is not there: {false[0]}")


def excuses(run: PipelineRun) -> list[str]:
    """Why an audit of everything must not say complete."""
    found = []
    if run.damaged:
        try:
            check_tables(run)
        except Violation as error:
            found.append(str(error))
        found += [f"{key} was deleted" for key in run.bucket.deleted]
    found += [f"{name} is a stranger's" for name, held in run.bucket.held.items() if held.by == STRANGER]
    found += [
        f"{entry.key} is quarantined" for entry in run.server.data.ledger if entry.status == "quarantined"
    ]
    for chain, _ in judge.logs(run):
        if run.cluster.topics[chain.topic].topic_id != chain.topic_id and judge.links(run.bucket, chain):
            found.append(f"the topic of {chain} is gone")
        expected = 0
        for link in judge.links(run.bucket, chain):
            if link.lost:
                found.append(f"{link.key} is lost")
            if link.first < expected:
                found.append(f"{link.key} overlaps")
            expected = max(expected, link.last + 1)
    return found
