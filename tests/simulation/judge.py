"""The verdict on a run, from what Kafka took and what the bucket holds. The product's state has no say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from stock_common.links import Link
from stock_objects.chain import Chain

from .engine import Violation
from .kafka import Log, Record
from .s3 import Bucket
from .stand_ins import GOOD, rows_of

if TYPE_CHECKING:
    from .sink_run import SinkRun


def links(bucket: Bucket, chain: Chain) -> list[Link]:
    """The chain's links in key order, without what strangers put, and with what was deleted by hand."""
    prefix = chain.prefix
    names = sorted([*bucket.names, *bucket.deleted]) if bucket.deleted else bucket.names
    return [
        link for name in names if name.startswith(prefix) and (link := bucket.ever(name).link) is not None
    ]


def logs(run: SinkRun) -> Iterator[tuple[Chain, Log]]:
    """Every partition that there ever was."""
    for name, topic in [*run.cluster.old, *run.cluster.topics.items()]:
        if name == "stock-data":
            for number, log in enumerate(topic.logs):
                yield Chain(name, topic.topic_id, number), log


def sinks(run: SinkRun) -> None:
    """Raises Violation where an offset is twice on S3, missing, or counted as what it is not."""
    if run.bucket.replaced:
        raise Violation(f"an object was replaced: {run.bucket.replaced[0]}")
    letters = {
        record.key.decode() for record in run.cluster.topics["stock-dlq"].logs[0].truth.values() if record.key
    }
    for chain, log in logs(run):
        _chain(run, chain, log, letters)


def _chain(run: SinkRun, chain: Chain, log: Log, letters: set[str]) -> None:
    expected = 0
    every = links(run.bucket, chain)
    for link in every:
        if link.first > expected:
            raise Violation(f"{link.key} begins at {link.first}, the chain goes on at {expected}")
        if link.first < expected and not _excused(link, every):
            raise Violation(f"{link.key} overlaps the chain, which goes on at {expected}")
        _link(run, chain, log, link, letters)
        expected = max(expected, link.last + 1)


def meet(one: Link, other: Link) -> bool:
    return one is not other and one.first <= other.last and other.first <= one.last


def _excused(link: Link, every: list[Link]) -> bool:
    """Whether all that it overlaps comes of records that retention has removed, and that another called lost.

    A sink that stood still held the records. What it then puts overlaps the lost link, and may overlap more.
    """
    others = [other for other in every if meet(link, other)]
    return all(_of_the_lost(each, every) for each in others) or _of_the_lost(link, every)


def _of_the_lost(link: Link, every: list[Link]) -> bool:
    return bool(link.lost) or any(other.lost and meet(link, other) for other in every)


def _link(run: SinkRun, chain: Chain, log: Log, link: Link, letters: set[str]) -> None:
    if any(link.first <= offset <= link.last for offset in log.replaced):
        return  # an unclean election put other records at these offsets
    truth = {at: log.truth[at] for at in range(link.first, link.last + 1) if at in log.truth}
    if len(truth) != link.last - link.first + 1:
        raise Violation(f"{link.key} covers offsets up to {link.last} that Kafka never had")
    rows = rows_of(run.bucket.ever(str(link.key)).body)
    offsets = [offset for offset, _ in rows]
    if offsets != sorted(set(offsets)) or len(rows) != link.rows:
        raise Violation(f"{link.key} has {link.rows} rows by its metadata, and holds {offsets}")
    for offset, value in rows:
        if offset not in truth or truth[offset].value != value:
            raise Violation(f"{link.key} holds {value!r} at {offset}, Kafka has {truth.get(offset)}")
    if link.lost:
        if link.last >= log.first:
            raise Violation(f"{link.key} calls {link.last} lost, Kafka has it from {log.first} on")
        return
    _left_out(link, f"{chain.topic_id}/{chain.partition}", truth, set(offsets), letters)


def _left_out(link: Link, name: str, truth: Mapping[int, Record], held: set[int], letters: set[str]) -> None:
    """Every record of Kafka that the object has not is a hole, or has a letter."""
    absent = {at for at, record in truth.items() if record.value is None}
    bad = {at for at, record in truth.items() if record.value and not record.value.startswith(GOOD)}
    if missing := truth.keys() - held - absent - bad:
        raise Violation(f"{link.key} leaves out {sorted(missing)}, which Kafka took")
    if (link.holes, link.rejected) != (len(absent), len(bad)):
        raise Violation(f"{link.key} has {link.holes} holes and {link.rejected} rejected: {absent} and {bad}")
    for offset in bad:
        if f"{name}/{offset}" not in letters:
            raise Violation(f"{link.key} counts {offset} as rejected, and there is no letter of it")
