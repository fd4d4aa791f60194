"""Reading Kafka: topic ids, and the offsets of partitions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from stock_auditor.client import open_admin
from stock_auditor.decision_topic import Acceptances, KafkaDecisions
from stock_auditor.evidence import Log
from stock_common.topics import DEAD_LETTERS
from stock_kafka.cluster import CALL_SECONDS, TopicState, Unreachable, describe, offsets
from stock_kafka.config import KafkaSettings


def open_log(settings: KafkaSettings, service: str, silent: bool = False) -> LogReader:
    """A reader of its own connection; `silent` keeps the client's own log lines to itself. Raises FatalError for settings that the client refuses."""
    config, admin = open_admin(settings, service, silent)
    return LogReader(admin, Acceptances(KafkaDecisions(config, admin)).read)


class LogReader:
    """Raises Unreachable, or FatalError where the principal may not describe a topic. `accepted` gives what was accepted: finding → why."""

    def __init__(self, admin: AdminClient, accepted: Callable[[], Mapping[str, str]] = dict) -> None:
        self._admin = admin
        self.accepted = accepted

    def topics(self, names: Iterable[str]) -> dict[str, TopicState]:
        """The topics that exist among `names`."""
        return describe(self._admin, names)

    def read(self, topic: str, partition: int, now: datetime, limit: float) -> Log:
        """The partition's offsets; records older than `limit` seconds are due, by the broker's time."""
        ((first, end),) = offsets(self._admin, [(topic, partition)]).values()
        if limit <= 0:
            return Log(first, end, end)
        return Log(first, end, min(end, self._since(topic, partition, now - timedelta(seconds=limit), end)))

    def dead_letters(self) -> int:
        """How many messages the dead-letter topic holds; 0 where there is no such topic."""
        state = describe(self._admin, [DEAD_LETTERS.name]).get(DEAD_LETTERS.name)
        if state is None:
            return 0
        places = [(state.name, partition) for partition in range(state.partitions)]
        return sum(end - first for first, end in offsets(self._admin, places).values())

    def _since(self, topic: str, partition: int, time: datetime, end: int) -> int:
        """The first offset of this time or later; `end` when every record is older. Source: Kafka protocol, ListOffsets."""
        place = TopicPartition(topic, partition)
        futures = self._admin.list_offsets({place: OffsetSpec.for_timestamp(int(time.timestamp() * 1000))}, request_timeout=CALL_SECONDS)
        try:
            found = futures[place].result(CALL_SECONDS + 5).offset
        except KafkaException as error:
            raise Unreachable(f"cannot list the offsets of {topic}/{partition} by time: {error.args[0].str()}") from None
        except TimeoutError:
            raise Unreachable(f"no answer for the offsets of {topic}/{partition} by time") from None
        return found if found >= 0 else end
