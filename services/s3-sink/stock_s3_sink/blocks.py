"""Partitions that cannot go on for now: why, from which offset, and when they are tried again. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from stock_s3_sink.fetched import PartitionId

FIRST_PAUSE, LONGEST_PAUSE = 5.0, 60.0
"""Seconds before a blocked partition is tried again. Each pause is twice the one before it."""
LOG_SECONDS = 60.0
"""A block that lasts is logged again after so long."""


@dataclass
class Block:
    """offset: the partition is free when its chain goes beyond it. due: None while a try is under way."""

    offset: int
    text: str
    pause: float = FIRST_PAUSE
    due: float | None = None
    logged: float = float("-inf")


class Blocks:
    """`now` is monotonic seconds."""

    def __init__(self) -> None:
        self._blocks: dict[PartitionId, Block] = {}

    def __contains__(self, partition_id: PartitionId) -> bool:
        """Whether the partition waits for its next try."""
        block = self._blocks.get(partition_id)
        return block is not None and block.due is not None

    @property
    def texts(self) -> Mapping[PartitionId, str]:
        """Partition → why it cannot go on."""
        return {partition_id: block.text for partition_id, block in self._blocks.items()}

    def add(self, partition_id: PartitionId, offset: int, text: str, now: float) -> bool:
        """Blocks it, or blocks it for longer. Returns whether that is to be logged."""
        block = self._blocks.get(partition_id)
        if block is None or block.offset != offset:
            block = self._blocks[partition_id] = Block(offset, text)
        elif block.due is None:
            block.pause = min(2 * block.pause, LONGEST_PAUSE)
        log = block.text != text or now - block.logged >= LOG_SECONDS
        block.text, block.due = text, now + block.pause
        block.logged = now if log else block.logged
        return log

    def due(self, now: float) -> Iterator[PartitionId]:
        """The partitions to be tried now."""
        for partition_id, block in self._blocks.items():
            if block.due is not None and now >= block.due:
                block.due = None
                yield partition_id

    def settled(self, partition_id: PartitionId, next_offset: int) -> bool:
        """The chain goes on at `next_offset`. Returns whether that ended a block."""
        block = self._blocks.get(partition_id)
        if block is None or next_offset <= block.offset:
            return False
        del self._blocks[partition_id]
        return True

    def drop(self, partition_id: PartitionId) -> None:
        """The partition is another sink's."""
        self._blocks.pop(partition_id, None)
