"""What blocks a partition in the loop: it is cut, held, logged, and goes on later."""

from __future__ import annotations

import structlog

from stock_objects.chain import ForeignObject
from stock_s3_sink.blocks import Blocks
from stock_s3_sink.fetched import PartitionId
from stock_s3_sink.source import Source
from stock_s3_sink.uploads import Partition


class Blocking(Blocks):
    """Blocks with their effects on the source and the log. `now` is monotonic seconds."""

    def __init__(self, source: Source, log: structlog.stdlib.BoundLogger) -> None:
        super().__init__()
        self._source, self._log = source, log

    def block(self, partition_id: PartitionId, part: Partition, text: str, now: float) -> None:
        """Puts what is held of the partition and tries the rest later. The other partitions go on."""
        part.cutter.cut("blocked")
        self._source.hold(partition_id)
        if self.add(partition_id, part.cutter.expected, text, now):
            topic, number = partition_id
            self._log.error("partition cannot go on", topic=topic, partition=number, reason=text)

    def obstruct(
        self, partition_id: PartitionId, part: Partition, obstacle: ForeignObject, now: float
    ) -> None:
        """A stranger's object is where the next link belongs: nothing held can be put."""
        part.cutter.drop()
        self.block(partition_id, part, f"the chain cannot go on: {obstacle}. Move that object away", now)

    def settle(self, partition_id: PartitionId, part: Partition) -> None:
        """The chain has gone on."""
        if self.settled(partition_id, part.cutter.next_offset):
            topic, number = partition_id
            self._log.info("partition goes on", topic=topic, partition=number)
