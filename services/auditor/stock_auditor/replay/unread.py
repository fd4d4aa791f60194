"""Records that Kafka has and no object holds. They are sent again as dead letters are, byte for byte."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from confluent_kafka import Message

from stock_auditor.compare.offset_ranges import OffsetRange, size, within
from stock_auditor.replay.dead_letters import DeadLetter
from stock_common.links import Link
from stock_common.run import FatalError
from stock_objects.chain import Chain

REASON = "unread"
TEXT = "in no object"
Records = Callable[[Chain, int, int], Iterable[Message]]
"""(chain, first, last) → the records of the range."""


class UnreadRecords:
    """The records of links with holes that are neither rows nor rejected.

    rows: link → the offsets of its range that are rows in Snowflake, as disjoint ranges in order.
    letters: every dead letter. None stands for a message that is none.

    Raises FatalError for a link whose rows are not all in Snowflake: they would be sent as well.
    """

    def __init__(
        self,
        rows: Mapping[Link, Sequence[OffsetRange]],
        records: Records,
        letters: Callable[[], Iterable[DeadLetter | None]],
    ) -> None:
        for link, ranges in rows.items():
            if size(ranges) != link.rows:
                found = f"Snowflake has {size(ranges)} of the {link.rows} rows of {link.key}"
                raise FatalError(
                    f"{found}: wait until it is loaded, or `reload --day` its day. Nothing was sent."
                )
        self._rows, self._records, self._letters = rows, records, letters

    def read(self) -> Iterator[DeadLetter]:
        """Each of the records as a letter, by link and offset."""
        rejected = {letter.id for letter in self._letters() if letter is not None}
        for link, ranges in self._rows.items():
            chain = chain_of(link)
            for message in self._records(chain, link.first, link.last):
                letter = _letter(chain, message)
                offset = OffsetRange(letter.offset, letter.offset)
                if not within(offset, ranges) and letter.id not in rejected:
                    yield letter


def chain_of(link: Link) -> Chain:
    return Chain(link.key.topic, link.key.topic_id, link.key.partition)


def _letter(chain: Chain, message: Message) -> DeadLetter:
    offset, value = message.offset() or 0, message.value()
    return DeadLetter(
        f"{chain.topic_id}/{chain.partition}/{offset}",
        *chain,
        offset,
        message.timestamp()[1],
        REASON,
        TEXT,
        value if isinstance(value, bytes) else b"",
    )
