"""Puts one link: encode, dead letters, conditional put. Runs in a worker thread; what it needs from outside are Protocols.

Order, and what a death between two lines leaves behind:
letters delivered, then nothing put → the next owner sends the same letters again (same key: readers recognise them) and puts;
put done, answer lost or process dead → the link is there, whoever comes next finds it by LIST or by 412 and goes on behind it.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeVar

from stock_common import links
from stock_common.keys import ObjectKey
from stock_common.links import Link
from stock_common.topics import RecordTopic
from stock_kafka.cluster import Unreachable
from stock_objects.chain import ForeignObject
from stock_objects.errors import Conflict, Exists, ObjectError
from stock_objects.store import ObjectHead
from stock_s3_sink.chunks import Records
from stock_s3_sink.encode import Rejected, encode

RETRY_SECONDS = 0.2
RETRY_SECONDS_MAX = 15.0
ENCODERS = 2
"""Chunks encoded at the same time: each takes a core, and in memory about as much as its JSON. The others of the threads put."""
T = TypeVar("T")


class Store(Protocol):
    """What the writer needs of S3. Both calls raise ObjectError and FatalError; put_new raises Exists and Conflict too."""

    def put_new(self, key: str, body: bytes, metadata: Mapping[str, str]) -> str: ...
    def head(self, key: str) -> ObjectHead | None: ...


class DeadLetters(Protocol):
    """Where refused records go. `admit` raises FatalError when there are too many; `send` returns when all are delivered, or raises Undelivered."""

    def admit(self, topic: str, partition: int, letters: Sequence[Rejected], seen: int) -> None: ...
    def send(self, topic: str, topic_id: str, partition: int, letters: Sequence[Rejected]) -> None: ...


class Undelivered(Exception):
    """Dead letters were not acknowledged in time: try again."""


class Abandoned(Exception):
    """The chunk is no longer ours to put: its partition was lost, or the process slept too long."""


class Put(NamedTuple):
    """A link on S3 after a chunk's turn: `ours` tells whether this writer made it. `size` in bytes, `seconds` from the turn's start."""

    link: Link
    ours: bool
    size: int
    rejected: list[Rejected]
    rounded: int
    unknown: frozenset[str]
    seconds: float


class LinkWriter:
    """`may_put` is asked before every put (False: abandon), then `confirm`, which raises Unreachable or FatalError when it should not be.

    `wait` sleeps up to so many seconds and returns True when abandoned meanwhile.
    """

    def __init__(
        self,
        store: Store,
        letters: DeadLetters,
        may_put: Callable[[], bool],
        on_retry: Callable[[Exception], None],
        rand: random.Random,
        confirm: Callable[[ObjectKey], None] = lambda key: None,
    ) -> None:
        self._store, self._letters, self._may_put, self._on_retry, self._random = store, letters, may_put, on_retry, rand
        self._confirm = confirm
        self._encoders = threading.BoundedSemaphore(ENCODERS)

    def put(self, topic: RecordTopic, key: ObjectKey, held: Records, wait: Callable[[float], bool]) -> Put:
        """Puts the link of `held` at `key`, or finds the one that stands there. Retries what passes until abandoned.

        Raises Abandoned, FatalError (an operator must act), ForeignObject (what stands there is no link).
        """
        begun = time.monotonic()
        with self._encoders:
            encoded = encode(topic.record, held, key.topic_id, key.partition)
        last = held.offsets[-1]
        holes = last - key.first + 1 - len(held)
        link = Link(key, last, encoded.rows, len(encoded.rejected), holes, 0, topic.schema, held.leader_epoch)
        self._letters.admit(key.topic, key.partition, encoded.rejected, len(held))
        if encoded.rejected:
            self._retry(lambda: self._letters.send(key.topic, key.topic_id, key.partition, encoded.rejected), wait)
        found = self._retry(lambda: self._put_or_find(link, encoded.body), wait)
        return Put(found or link, found is None, len(encoded.body), encoded.rejected, encoded.rounded, encoded.unknown, time.monotonic() - begun)

    def put_lost(self, topic: RecordTopic, key: ObjectKey, last: int, wait: Callable[[float], bool]) -> Put:
        """Puts an empty link that says: `key.first..last` were gone by retention before they were read. Raises as `put`."""
        body = encode(topic.record, Records(), key.topic_id, key.partition).body
        link = Link(key, last, 0, lost=last - key.first + 1, schema=topic.schema)
        found = self._retry(lambda: self._put_or_find(link, body), wait)
        return Put(found or link, found is None, len(body), [], 0, frozenset(), 0.0)

    def _put_or_find(self, link: Link, body: bytes) -> Link | None:
        if not self._may_put():
            raise Abandoned
        self._confirm(link.key)
        try:
            self._store.put_new(str(link.key), body, link.metadata())
            return None
        except Exists:
            return self._standing(link.key)

    def _standing(self, key: ObjectKey) -> Link:
        head = self._store.head(str(key))
        if head is None:
            raise Conflict(f"{key} vanished after a 412")
        try:
            return links.from_metadata(key, head.metadata)
        except ValueError as error:
            raise ForeignObject(str(error)) from None

    def _retry(self, call: Callable[[], T], wait: Callable[[float], bool]) -> T:
        pause = RETRY_SECONDS
        while True:
            try:
                return call()
            except (ObjectError, Conflict, Undelivered, Unreachable) as error:
                self._on_retry(error)
            if wait(pause * self._random.uniform(0.5, 1.0)):
                raise Abandoned
            pause = min(pause * 2, RETRY_SECONDS_MAX)
