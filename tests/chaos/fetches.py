"""Kafka's fetches on one connection, as a proxy sees them: one partition's records can be withheld.

Source of the layout: Kafka protocol, FetchResponse of the versions 12 to 17.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

FETCH = 1
FLEXIBLE, BY_ID = 12, 13
"""The versions from which on a fetch has tagged fields, and names topics by their ids."""
SIZE = struct.Struct(">i")
HEAD = struct.Struct(">hhi")
"""A request's API, version and correlation id."""


class Withheld(NamedTuple):
    """A partition of which nothing is delivered. `topic_id` is a UUID's 16 bytes."""

    topic_id: bytes
    partition: int


class Cursor:
    """Reads a message field by field. Raises IndexError or struct.error at its end."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self.at = data, at

    def fixed(self, form: str) -> int:
        (value,) = struct.unpack_from(f">{form}", self._data, self.at)
        self.at += struct.calcsize(f">{form}")
        return value

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def take(self, count: int) -> bytes:
        self.at += count
        return self._data[self.at - count : self.at]

    def tags(self) -> None:
        for _ in range(self.varint()):
            self.varint()
            self.take(self.varint())


class Fetches:
    """One connection. Frames are taken apart as they come, in pieces of any size."""

    def __init__(self) -> None:
        self._versions: dict[int, int] = {}
        self._up, self._down = bytearray(), bytearray()
        self.withheld: Withheld | None = None
        self.count = 0
        """Answers of which records were withheld."""

    def asked(self, data: bytes) -> None:
        """What the client sends."""
        for frame in _frames(self._up, data):
            api, version, correlation = HEAD.unpack_from(frame, SIZE.size)
            if api == FETCH and version >= BY_ID:
                self._versions[correlation] = version

    def answered(self, data: bytes) -> bytes:
        """What the client gets for what the server sends. A frame that is not whole yet is kept."""
        return b"".join(self._answer(frame) for frame in _frames(self._down, data))

    def _answer(self, frame: bytes) -> bytes:
        (correlation,) = SIZE.unpack_from(frame, SIZE.size)
        version = self._versions.pop(correlation, None)
        if version is None or self.withheld is None:
            return frame
        span = records_of(frame, self.withheld)
        if span is None:
            return frame
        self.count += 1
        # A length of 0, in the compact form: 1.
        changed = frame[: span[0]] + b"\x01" + frame[span[1] :]
        return SIZE.pack(len(changed) - SIZE.size) + changed[SIZE.size :]


def records_of(frame: bytes, withheld: Withheld) -> tuple[int, int] | None:
    """Begin and end of the partition's records in an answer, with their length. None where it has none."""
    cursor = Cursor(frame, 2 * SIZE.size)
    cursor.tags()
    cursor.take(4 + 2 + 4)  # throttle time, error, session
    for _ in range(cursor.varint() - 1):
        topic_id = cursor.take(16)
        for _ in range(cursor.varint() - 1):
            partition, begin, end = _partition(cursor)
            if (topic_id, partition) == withheld:
                return (begin, end) if end - begin > 1 else None
        cursor.tags()
    return None


def _partition(cursor: Cursor) -> tuple[int, int, int]:
    """A partition's number, and where its records begin and end."""
    partition = cursor.fixed("i")
    cursor.take(2 + 3 * 8)  # error, high watermark, last stable offset, log start
    for _ in range(cursor.varint() - 1):
        cursor.take(2 * 8)  # an aborted transaction
        cursor.tags()
    cursor.take(4)  # preferred replica
    begin = cursor.at
    cursor.take(max(0, cursor.varint() - 1))
    end = cursor.at
    cursor.tags()
    return partition, begin, end


def _frames(held: bytearray, data: bytes) -> list[bytes]:
    """The whole frames of what has come, which leave `held`."""
    held += data
    found = []
    at = 0
    while len(held) - at >= SIZE.size:
        (size,) = SIZE.unpack_from(held, at)
        if len(held) - at < SIZE.size + size:
            break
        found.append(bytes(held[at : at + SIZE.size + size]))
        at += SIZE.size + size
    del held[:at]
    return found
