"""Puts one link: encodes, sends dead letters, puts on condition that the key is free. Runs in worker threads.

The order of the steps decides what a death between two of them leaves:
- Dead letters were delivered and nothing was put. The next owner sends the same letters again and puts.
  Letters have the same key then, by which readers recognise them.
- The link was put and the answer was lost, or the process died. The next owner finds the link by LIST or by
  412 and goes on after it.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeVar

from stock_common import links, retry
from stock_common.keys import ObjectKey
from stock_common.links import Link
from stock_common.retry import Policy
from stock_common.topics import RecordTopic
from stock_kafka.cluster import Unreachable
from stock_kafka.sender import Undelivered
from stock_objects.chain import ForeignObject
from stock_objects.errors import Conflict, Exists, ObjectError
from stock_objects.store import ObjectHead
from stock_s3_sink.cutter import Records
from stock_s3_sink.encode.parquet import Rejected, encode

RETRY = Policy(first=0.2, longest=15.0)
ENCODERS = 2
"""Chunks encoded at the same time. Each takes a core, and about as much memory as its JSON."""
T = TypeVar("T")


class Store(Protocol):
    """What the writer needs of S3.

    Both calls raise ObjectError and FatalError, put_new also Exists and Conflict.
    """

    def put_new(self, key: str, body: bytes, metadata: Mapping[str, str]) -> str: ...
    def head(self, key: str) -> ObjectHead | None: ...


class DeadLetters(Protocol):
    """Where refused records go.

    `admit` raises FatalError when there are too many. `send` returns when all are delivered, or raises
    Undelivered.
    """

    def admit(self, topic: str, partition: int, letters: Sequence[Rejected], seen: int) -> None: ...
    def send(self, topic: str, topic_id: str, partition: int, letters: Sequence[Rejected]) -> None: ...


class TopicLog(Protocol):
    """What the writer asks of Kafka. Both calls raise Unreachable. `confirm` raises FatalError too."""

    def confirm(self, key: ObjectKey) -> None: ...
    def end(self, key: ObjectKey) -> int: ...


class Abandoned(Exception):
    """The chunk must not be put any more: its partition was lost, or the process slept too long."""


class Empty(NamedTuple):
    """A link without rows: its last offset, and whether retention took the records before they were read."""

    last: int
    lost: bool


class Put(NamedTuple):
    """A link that is on S3 now.

    ours: whether this writer put it.
    size: bytes of the object that this writer made.
    rounded: prices rounded to six decimals.
    unknown: names of fields that this version ignores.
    seconds: time from the call to the link on S3.
    """

    link: Link
    ours: bool
    size: int
    rejected: list[Rejected]
    rounded: int
    unknown: frozenset[str]
    seconds: float


class LinkWriter:
    """Puts links. Thread-safe.

    may_put: asked before every put. False abandons the chunk.
    log: asked before every put, and when another's link is found.
    on_retry: called with the error before a step is tried again.
    rand: a random number from 0 to 1.
    """

    def __init__(
        self,
        store: Store,
        letters: DeadLetters,
        log: TopicLog,
        may_put: Callable[[], bool],
        on_retry: Callable[[Exception], None],
        rand: Callable[[], float] = random.random,
    ) -> None:
        self._store, self._letters = store, letters
        self._may_put, self._log = may_put, log
        self._on_retry, self._rand = on_retry, rand
        self._encoders = threading.BoundedSemaphore(ENCODERS)

    def put(self, topic: RecordTopic, key: ObjectKey, held: Records, wait: Callable[[float], bool]) -> Put:
        """Puts the link of `held` at `key`, or finds the link that is there already.

        `wait` sleeps up to so many seconds and returns True when the chunk is abandoned meanwhile. Errors
        that pass are retried until then. Raises Abandoned, FatalError (an operator must act) or ForeignObject
        (the object at `key` is no link).
        """
        begun = time.monotonic()
        with self._encoders:
            encoded = encode(topic.record, held, key.topic_id, key.partition)
        rejected, last = encoded.rejected, held.offsets[-1]
        holes = last - key.first + 1 - len(held)
        link = Link(key, last, encoded.rows, len(rejected), holes, 0, topic.schema, held.leader_epoch)
        self._letters.admit(key.topic, key.partition, rejected, len(held))
        if rejected:
            self._retry(lambda: self._letters.send(key.topic, key.topic_id, key.partition, rejected), wait)
        found = self._retry(lambda: self._put_or_find(link, encoded.body), wait)
        return Put(
            link=found or link,
            ours=found is None,
            size=len(encoded.body),
            rejected=rejected,
            rounded=encoded.rounded,
            unknown=encoded.unknown,
            seconds=time.monotonic() - begun,
        )

    def put_empty(
        self, topic: RecordTopic, key: ObjectKey, empty: Empty, wait: Callable[[float], bool]
    ) -> Put:
        """Puts a link without rows for offsets that hold no record, or no longer.

        Raises the same errors as `put`.
        """
        body = encode(topic.record, Records(), key.topic_id, key.partition).body
        count = empty.last - key.first + 1
        lost, holes = (count, 0) if empty.lost else (0, count)
        link = Link(key, empty.last, 0, lost=lost, holes=holes, schema=topic.schema)
        found = self._retry(lambda: self._put_or_find(link, body), wait)
        return Put(found or link, found is None, len(body), [], 0, frozenset(), 0.0)

    def _put_or_find(self, link: Link, body: bytes) -> Link | None:
        """None when this call put the link, otherwise the link that is there already."""
        if not self._may_put():
            raise Abandoned("the process slept too long")
        self._log.confirm(link.key)
        try:
            self._store.put_new(str(link.key), body, link.metadata())
            return None
        except Exists:
            return self._existing(link.key, link.last)

    def _existing(self, key: ObjectKey, known: int) -> Link:
        """The link at `key`. Kafka is asked about one that goes beyond `known`."""
        head = self._store.head(str(key))
        if head is None:
            raise Conflict(f"{key} vanished after a 412")
        try:
            link = links.from_metadata(key, head.metadata)
        except ValueError as error:
            raise ForeignObject(str(error)) from None
        if link.last > known and link.last >= (end := self._log.end(key)):
            raise ForeignObject(f"{key} ends at {link.last}, but the log ends at {end - 1}")
        return link

    def _retry(self, step: Callable[[], T], wait: Callable[[float], bool]) -> T:
        try:
            return retry.call(
                step,
                RETRY,
                retryable=(ObjectError, Conflict, Undelivered, Unreachable),
                wait=wait,
                on_retry=lambda error, _pause: self._on_retry(error),
                rand=self._rand,
            )
        except retry.Stopped as stopped:
            raise Abandoned(str(stopped.__cause__)) from None
