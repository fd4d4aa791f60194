"""One partition's records leave a fetch's answer, whatever pieces it comes in, and nothing else changes."""

from __future__ import annotations

import struct

import pytest

from chaos.fetches import Fetches, Withheld, records_of

TOPIC, OTHER = bytes(range(16)), bytes(16)
VERSION = 16


def partition(number: int, records: bytes, aborted: int = 0) -> bytes:
    transactions = bytes([aborted + 1]) + (struct.pack(">qq", 1, 2) + b"\0") * aborted
    fixed = struct.pack(">ihqqq", number, 0, 9, 9, 0) + transactions + struct.pack(">i", -1)
    length = len(records) + 1
    return fixed + bytes([length & 0x7F | 0x80, length >> 7]) + records + b"\0"


def answer(correlation: int, *topics: tuple[bytes, list[bytes]]) -> bytes:
    body = struct.pack(">i", correlation) + b"\0" + struct.pack(">ihi", 0, 0, 0) + bytes([len(topics) + 1])
    for topic_id, parts in topics:
        body += topic_id + bytes([len(parts) + 1]) + b"".join(parts) + b"\0"
    body += b"\x01\x00\x02ab"  # one tagged field of two bytes
    return struct.pack(">i", len(body)) + body


def request(correlation: int, api: int = 1) -> bytes:
    body = struct.pack(">hhi", api, VERSION, correlation) + b"client and the rest"
    return struct.pack(">i", len(body)) + body


WHOLE = answer(
    7, (OTHER, [partition(1, b"x" * 300)]), (TOPIC, [partition(0, b"y" * 200, 2), partition(1, b"z" * 150)])
)


@pytest.mark.parametrize("piece", [1, 7, 100, 10_000])
def test_only_the_partitions_records_are_withheld(piece: int) -> None:
    fetches = Fetches()
    fetches.withheld = Withheld(TOPIC, 1)
    fetches.asked(request(6, api=3) + request(7))
    stream = answer(6) + WHOLE + WHOLE
    got = b"".join(fetches.answered(stream[at : at + piece]) for at in range(0, len(stream), piece))
    changed = got[len(answer(6)) : -len(WHOLE)]
    assert got.startswith(answer(6))
    assert got.endswith(WHOLE), "an answer to nothing that was asked passes"
    assert (fetches.count, b"x" * 300 in changed, b"y" * 200 in changed, b"zz" in changed) == (
        1,
        True,
        True,
        False,
    )
    assert struct.unpack_from(">i", changed)[0] == len(changed) - 4
    span = records_of(WHOLE, Withheld(TOPIC, 1))
    assert span is not None
    assert len(changed) == len(WHOLE) - (span[1] - span[0]) + 1


@pytest.mark.parametrize("withheld", [None, Withheld(OTHER, 0), Withheld(b"\1" * 16, 1)])
def test_everything_else_passes(withheld: Withheld | None) -> None:
    fetches = Fetches()
    fetches.withheld = withheld
    fetches.asked(request(7))
    assert fetches.answered(WHOLE) == WHOLE
    assert fetches.count == 0
