"""Where a partition is read from: S3 decides, not the committed offset. Pure but for the bucket that it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from stock_common.keys import ObjectKey
from stock_common.run import FatalError
from stock_kafka.cluster import Unreachable
from stock_objects.chain import Bucket, Chain, ForeignObject, last_link
from stock_s3_sink.chunks import Cutter


class Position(NamedTuple):
    """Where the chain goes on. `lost_until` is set when retention passed it: offsets up to that one are gone from the broker."""

    cutter: Cutter
    lost_until: int | None


def position(bucket: Bucket, chain: Chain, first: int, end: int) -> Position:
    """The position behind the chain's last link, in a log that now holds `first..end-1`. A new chain begins at the log's start.

    Raises FatalError when the log ends before what S3 holds (truncated or replaced), or the chain's last object is no link.
    Raises ObjectError when S3 does not answer.
    """
    try:
        link = last_link(bucket, chain)
    except ForeignObject as error:
        raise FatalError(f"The chain of {chain.topic}/{chain.partition} cannot go on: {error}. Move that object away.") from None
    if link is None:
        return Position(Cutter(chain, first, None), None)
    cutter = Cutter(chain, link.last + 1, link.key.hour)
    if cutter.next_offset > end:
        raise FatalError(
            f"Topic {chain.topic}, partition {chain.partition}: S3 holds offsets up to {link.last}, but Kafka's log ends at {end - 1}. "
            "The log was truncated or restored from an older state: see docs/operations.md, 'log truncated'. Nothing was written."
        )
    return Position(cutter, first - 1 if cutter.next_offset < first else None)


def require_topic(topic_ids: Callable[[Iterable[str]], Mapping[str, str]], key: ObjectKey) -> None:
    """Raises FatalError when `key`'s topic is another than the one it was read from, cluster.Unreachable when that cannot be known.

    A name that is not listed tells nothing: a broker that has just started lists no topics for a moment.
    """
    found = topic_ids([key.topic]).get(key.topic)
    if found is None:
        raise Unreachable(f"Kafka does not list topic {key.topic}")
    if found != key.topic_id:
        raise FatalError(f"Topic {key.topic} was deleted and made again while it was read (id {key.topic_id} is gone). Start the sink again.")
