"""Kafka's log on the disk: finds a batch in a partition's segments and changes one byte of it.

Source of the layout: Kafka protocol, "Record Batch", magic 2.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

HEADER = struct.Struct(">qii b I hi")
"""Base offset, length, leader epoch, magic, CRC, attributes, last offset's delta."""
LENGTH_FROM = 12
"""A batch's length counts from here: after base offset and length."""
RECORDS_FROM = 61
"""The records, compressed or not, begin so many bytes after the batch's begin."""


FLIPPED = -2
"""Which byte of a batch, from its end."""


class Batch(NamedTuple):
    """first, last: offsets. position, size: bytes in the file. value: the byte that `flip` changes."""

    file: Path
    position: int
    size: int
    first: int
    last: int
    value: int


def batch_of(folder: Path, offset: int) -> Batch | None:
    """The batch with `offset` in a partition's folder, None when the segments do not have it (yet)."""
    for segment in sorted(folder.glob("*.log"), reverse=True):
        if int(segment.stem) <= offset:
            return _in_segment(segment, offset)
    return None


def flip(batch: Batch) -> None:
    """Changes one byte of the batch's last record."""
    _write(batch, batch.value ^ 0x01)


def restore(batch: Batch) -> None:
    """Changes it back, where the file still has the batch: the broker may have lost its disk meanwhile."""
    if batch.file.exists() and batch.file.stat().st_size >= batch.position + batch.size:
        _write(batch, batch.value)


def _write(batch: Batch, value: int) -> None:
    with batch.file.open("r+b") as file:
        file.seek(batch.position + batch.size + FLIPPED)
        file.write(bytes([value]))


def _in_segment(segment: Path, offset: int) -> Batch | None:
    held, position = segment.read_bytes(), 0
    while position + RECORDS_FROM <= len(held):
        first, length, _, _, _, _, delta = HEADER.unpack_from(held, position)
        size = LENGTH_FROM + length
        if length <= 0 or position + size > len(held):
            return None
        if first <= offset <= first + delta:
            value = held[position + size + FLIPPED]
            return Batch(segment, position, size, first, first + delta, value)
        position += size
    return None
