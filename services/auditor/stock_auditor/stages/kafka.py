"""Reads Kafka: topic ids, and the offsets of partitions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from stock_auditor.compare.evidence import Log
from stock_common.topics import DEAD_LETTERS
from stock_kafka.cluster import CALL_SECONDS, TopicState, Unreachable, describe, offsets


class KafkaReader:
    """Raises Unreachable, or FatalError where the principal may not describe a topic.

    `accepted` gives the findings that operators have accepted: text → why.
    """

    def __init__(self, admin: AdminClient, accepted: Callable[[], Mapping[str, str]] = dict) -> None:
        self._admin = admin
        self.accepted = accepted

    def topics(self, names: Iterable[str]) -> dict[str, TopicState]:
        """The topics that exist among `names`."""
        return describe(self._admin, names)

    def read(self, topic: str, partition: int, now: datetime, limit: float) -> Log:
        """The partition's offsets. Records older than `limit` seconds are due, by the broker's time."""
        ((first, end),) = offsets(self._admin, [(topic, partition)]).values()
        if limit <= 0:
            return Log(first, end, end)
        return Log(first, end, min(end, self._since(topic, partition, now - timedelta(seconds=limit), end)))

    def dead_letters(self) -> int:
        """How many messages the dead-letter topic holds, 0 where there is no such topic."""
        state = describe(self._admin, [DEAD_LETTERS.name]).get(DEAD_LETTERS.name)
        if state is None:
            return 0
        places = [(state.name, partition) for partition in range(state.partitions)]
        return sum(end - first for first, end in offsets(self._admin, places).values())

    def _since(self, topic: str, partition: int, time: datetime, end: int) -> int:
        """The first offset of this time or later, `end` when every record is older.

        Source: Kafka protocol, ListOffsets.
        """
        place = TopicPartition(topic, partition)
        wanted: dict[TopicPartition, OffsetSpec] = {
            place: OffsetSpec.for_timestamp(int(time.timestamp() * 1000))
        }
        future = self._admin.list_offsets(wanted, request_timeout=CALL_SECONDS)[place]
        try:
            found = future.result(CALL_SECONDS + 5).offset
        except KafkaException as error:
            reason = error.args[0].str()
            raise Unreachable(f"cannot list the offsets of {topic}/{partition} by time: {reason}") from None
        except TimeoutError:
            raise Unreachable(f"no answer for the offsets of {topic}/{partition} by time") from None
        return found if found >= 0 else end
