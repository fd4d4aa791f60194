"""`stock-s3-sink skip`: an operator gives up what Kafka's log holds and nobody can read."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import NamedTuple

from stock_common.printable import say
from stock_common.run import FatalError
from stock_kafka.reader import Unreadable
from stock_objects.chain import Bucket, Chain
from stock_s3_sink.cutter import Cutter
from stock_s3_sink.fetched import PartitionId
from stock_s3_sink.resume import NEW_CHAIN, resume_point
from stock_s3_sink.source import Source
from stock_s3_sink.uploads import TOPICS
from stock_s3_sink.writer import Abandoned, Empty, LinkWriter

PUT_SECONDS = 60.0
EXAMPLES = """\
examples:
  stock-s3-sink skip --topic stock-data --partition 3
      says which offsets at the chain's end cannot be read, and why
  stock-s3-sink skip --topic stock-data --partition 3 --yes
      records them as lost: the running sink goes on after them within a minute

The audit shows the lost offsets until somebody accepts them.
exit codes: 0 done or shown, 1 nothing is unreadable, or Kafka or S3 did not answer
"""


class Run(NamedTuple):
    """Offsets that cannot be read, both included."""

    first: int
    last: int
    text: str


def unreadable(probe: Callable[[int], str | None], first: int, end: int) -> Run | None:
    """The run of unreadable offsets at `first`. `probe` says why an offset cannot be read, None where it can.

    It looks at ever greater steps, and then between the last two. A batch is readable as a whole or not.
    """
    text = probe(first)
    if text is None:
        return None
    bad, step = first, 1
    while bad + step < end and probe(bad + step) is not None:
        bad, step = bad + step, 2 * step
    good = min(bad + step, end)
    while good - bad > 1:
        middle = (bad + good) // 2
        bad, good = (bad, middle) if probe(middle) is None else (middle, good)
    return Run(first, bad, text)


def perform(options: argparse.Namespace, source: Source, bucket: Bucket, writer: LinkWriter) -> int:
    """Shows what would be given up, or gives it up. Raises FatalError, Unreachable or ObjectError."""
    partition_id = options.topic, options.partition
    topic_id = source.topic_ids([options.topic]).get(options.topic)
    if topic_id is None or options.topic not in TOPICS:
        raise FatalError(f"{options.topic} is no topic that goes to S3: {', '.join(TOPICS)}.")
    first, end = source.watermarks(partition_id)
    chain = Chain(options.topic, topic_id, options.partition)
    cutter = resume_point(bucket, chain, first, end, lambda keys: None).cutter
    found = unreadable(lambda offset: _fault(source, partition_id, offset, end), cutter.next_offset, end)
    if found is None:
        say(f"Offset {cutter.next_offset}, the next one of the chain, can be read: nothing is to be skipped.")
        return 1
    what = f"offsets {found.first} to {found.last} of {options.topic}/{options.partition}"
    if not options.yes:
        say(f"{what} cannot be read ({found.text}). With --yes they are recorded as lost.")
        return 0
    _put(writer, cutter, found.last)
    say(f"{what} are recorded as lost.")
    return 0


def _fault(source: Source, partition_id: PartitionId, offset: int, end: int) -> str | None:
    if offset >= end:
        return None
    try:
        source.reread(partition_id, offset, end - 1, 1)
    except Unreadable as error:
        return str(error)
    return None


def _put(writer: LinkWriter, cutter: Cutter, last: int) -> None:
    """Raises FatalError when the sink or another command was faster."""
    key = cutter.key_at(cutter.hour or NEW_CHAIN)
    try:
        put = writer.put_empty(TOPICS[key.topic], key, Empty(last, lost=True), lambda seconds: True)
    except Abandoned as error:
        raise FatalError(f"{key} could not be put: {error}.") from None
    if not put.ours:
        raise FatalError(f"{key} is there already, up to offset {put.link.last}: look again.")
