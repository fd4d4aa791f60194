"""Is the log still the one that was read? An unclean election puts other records at offsets that were taken.

Each leader has an epoch, higher than the one before, and each batch keeps the epoch under which it was
written. So a record of a later epoch than it had when it was read is another record.
"""

from __future__ import annotations

from stock_common.run import FatalError
from stock_kafka.reader import Expired, Unreadable
from stock_s3_sink.cutter import Records
from stock_s3_sink.fetched import PartitionId
from stock_s3_sink.gaps import Reread
from stock_s3_sink.uploads import Partition


def require_continuity(partition_id: PartitionId, part: Partition, records: Records, reread: Reread) -> None:
    """Looks at what was taken last where `records` are of a later epoch. Raises what the other one raises."""
    if records.leader_epoch > part.epoch:
        require_same_log(partition_id, part.cutter.expected - 1, part.epoch, reread)


def require_same_log(partition_id: PartitionId, last: int, epoch: int, reread: Reread) -> None:
    """Looks at the record at `last`, which was read when no epoch was later than `epoch` (-1: not known).

    Raises FatalError when another record is there. Raises Unreachable.
    """
    if epoch < 0 or last < 0:
        return
    try:
        found = reread(partition_id, last, last, 1).leader_epoch
    except (Unreadable, Expired):  # nobody can see any more what retention took
        return
    if found > epoch:
        topic, number = partition_id
        raise FatalError(
            f"Topic {topic}, partition {number}: the record at offset {last} was read under leader epoch "
            f"{epoch}, and Kafka's log has one of epoch {found} there. The log was truncated and written "
            "again, as by an unclean election: see docs/how-to/operations.md, 'log truncated'. Nothing was "
            "written after it."
        )
