"""A bucket in memory with S3's semantics, for unit tests of what reads and writes chains.

libs/objects/tests runs one suite against it and against a real server.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from stock_common.keys import Shape
from stock_objects.errors import Exists
from stock_objects.store import PAGE, ObjectHead, ObjectInfo


class MemoryStore:
    """ObjectStore's methods and results.

    faults: exceptions to raise before the next calls, as (method's name, exception), first in, first out.
        With "after" as a third item the call does its work first: an answer that was lost.
    calls: every call so far, as (method's name, key or prefix).
    """

    def __init__(self) -> None:
        self.held: dict[str, tuple[bytes, dict[str, str], datetime]] = {}
        self.faults: list[tuple[str, Exception] | tuple[str, Exception, str]] = []
        self.calls: list[tuple[str, str]] = []

    def put_new(self, key: str, body: bytes, metadata: Mapping[str, str]) -> str:
        after = self._begin("put_new", key)
        if key in self.held:
            raise Exists(key)
        self.held[key] = (body, dict(metadata), datetime.now(UTC))
        if after:
            raise after
        return _etag(body)

    def head(self, key: str) -> ObjectHead | None:
        self._begin("head", key)
        if key not in self.held:
            return None
        body, metadata, modified = self.held[key]
        return ObjectHead(key, len(body), _etag(body), modified, dict(metadata))

    def get(self, key: str) -> bytes | None:
        self._begin("get", key)
        return self.held[key][0] if key in self.held else None

    def objects(self, prefix: str, after: str | None = None, first: int = PAGE) -> Iterator[ObjectInfo]:
        self._begin("objects", prefix)
        for key in sorted(self.held):
            if key.startswith(prefix) and key > (after or ""):
                body, _, modified = self.held[key]
                yield ObjectInfo(key, len(body), _etag(body), modified)

    def prefixes(self, prefix: str, shape: Shape | None = None) -> list[str]:
        self._begin("prefixes", prefix)
        rests = (key[len(prefix) :] for key in self.held if key.startswith(prefix))
        return sorted({f"{prefix}{rest.partition('/')[0]}/" for rest in rests if "/" in rest})

    def _begin(self, name: str, place: str) -> Exception | None:
        self.calls.append((name, place))
        for index, fault in enumerate(self.faults):
            if fault[0] == name:
                del self.faults[index]
                if len(fault) == 3:
                    return fault[1]
                raise fault[1]
        return None


def _etag(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()
