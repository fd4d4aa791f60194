"""Reads records of the log with a client that was made for it.

The sink's client is not asked, because it may be what left records out. A client here is used once.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import closing
from functools import partial

from confluent_kafka import Consumer, Message
from confluent_kafka.admin import AdminClient

from stock_auditor.compare.evidence import Log, Probe, Readable, Rewritten
from stock_auditor.compare.offset_ranges import OffsetRange
from stock_common.keys import ObjectKey
from stock_common.links import Link
from stock_kafka.cluster import ends
from stock_kafka.reader import Unreadable, read_alone
from stock_objects.chain import Chain

GROUP = "auditor-records"
RECOVERS = "recovers"
"""The header of a record that was sent again because no object held it: topic id/partition/offset."""
DIGITS = 19
"""Of the greatest offset."""


class RecordReader:
    """Remembers what it counted, because a range of offsets never gets other records.

    reader: makes a consumer for stock_kafka.reader under a name.
    sent: record → where it was sent again, as operators' decisions say. Each is looked at in the log.

    Raises Unreachable.
    """

    def __init__(
        self,
        admin: AdminClient,
        reader: Callable[[str], Consumer],
        sent: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._admin, self._reader, self._sent = admin, reader, sent
        self._counts: dict[Chain, dict[OffsetRange, int]] = {}
        self._same: dict[Chain, ObjectKey] = {}
        self._copies: dict[tuple[Chain, int, int], bool] = {}

    def readable(self, chain: Chain, links: Iterable[Link], log: Log) -> dict[str, Readable]:
        """Key → what the log has of each link with holes, where it still has the link's range as a whole."""
        before, self._counts[chain] = self._counts.get(chain, {}), {}
        found = {}
        for link in links:
            offsets = OffsetRange(link.first, link.last)
            if not link.holes or link.first < log.first or log.end <= link.last:
                continue
            try:
                count = before[offsets] if offsets in before else self._count(chain, offsets)
            except Unreadable as error:
                found[str(link.key)] = Readable(0, str(error))
                continue
            self._counts[chain][offsets] = count
            found[str(link.key)] = Readable(count - self._sent_again(chain, offsets, log.end))
        return found

    def probe(self, chain: Chain, begin: int, end: int) -> Probe:
        """What is to be read from the offset `begin` on. Reads one record, or up to the end."""
        place = (chain.topic, chain.partition)
        # Nobody is given the records of an open transaction.
        end = min(end, ends(self._admin, [place])[place])
        try:
            with closing(self.records(chain, begin, end - 1)) as found:
                first = next(found, None)
        except Unreadable as error:
            return Probe(begin, error.offset, str(error))
        return Probe(begin, max(begin, end) if first is None else first.offset() or 0)

    def rewritten(self, links: Iterable[Link], log: Log, again: bool) -> Rewritten | None:
        """Whether the last of the links ends with another record than the log has there now.

        Looked at once a link, and with `again` each time. A link without a leader epoch is not looked at.
        """
        known = [link for link in links if link.leader_epoch >= 0 and log.first <= link.last < log.end]
        link = max(known, key=lambda link: link.last, default=None)
        if link is None:
            return None
        chain = Chain(link.key.topic, link.key.topic_id, link.key.partition)
        if self._same.get(chain) == link.key and not again:
            return None
        epoch = self._epoch(chain, link.last)
        if epoch > link.leader_epoch:
            return Rewritten(link, epoch)
        self._same[chain] = link.key
        return None

    def _epoch(self, chain: Chain, offset: int) -> int:
        """The leader epoch under which a record was written, -1 where it cannot be read."""
        try:
            record = self._record(chain, offset)
        except Unreadable:
            return -1  # a probe names it
        epoch = record.leader_epoch() if record else None
        return -1 if epoch is None else epoch

    def records(self, chain: Chain, first: int, last: int) -> Generator[Message]:
        """The records of a range. Raises Unreadable for a broken batch."""
        return read_alone(partial(self._reader, GROUP), chain.topic, chain.partition, first, last + 1)

    def _count(self, chain: Chain, offsets: OffsetRange) -> int:
        return sum(1 for _ in self.records(chain, offsets.first, offsets.last))

    def _sent_again(self, chain: Chain, offsets: OffsetRange, end: int) -> int:
        """How many records of the range are in the log again, byte for byte. `end` is the log's."""
        found = 0
        for record, copy in self._sent().items():
            at, again = _offset_in(chain, record), _offset_in(chain, copy)
            if at is None or again is None:
                continue
            if offsets.first <= at <= offsets.last < again < end:
                found += self._is_copy(chain, at, again)
        return found

    def _is_copy(self, chain: Chain, at: int, again: int) -> bool:
        key = (chain, at, again)
        if key not in self._copies:
            record, copy = self._record(chain, at), self._record(chain, again)
            self._copies[key] = (
                record is not None
                and copy is not None
                and record.value() == copy.value()
                and header(copy, RECOVERS) == f"{chain.topic_id}/{chain.partition}/{at}".encode()
            )
        return self._copies[key]

    def _record(self, chain: Chain, offset: int) -> Message | None:
        with closing(self.records(chain, offset, offset)) as found:
            return next(found, None)


def header(message: Message, name: str) -> bytes | str | None:
    """The last header of this name. None too for a record whose headers the client cannot decode."""
    try:
        return dict(message.headers() or []).get(name)
    except Exception:  # a header's name can be any bytes
        return None


def _offset_in(chain: Chain, place: str) -> int | None:
    """The offset of a place of the chain, which is written topic id/partition/offset."""
    rest = place.removeprefix(f"{chain.topic_id}/{chain.partition}/")
    return int(rest) if rest != place and rest.isdecimal() and len(rest) <= DIGITS else None
