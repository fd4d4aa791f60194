"""A bucket in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from stock_common import keys
from stock_common.keys import Shape
from stock_common.links import Link
from stock_objects.chain import Chain
from stock_objects.store import PAGE, ObjectHead, ObjectInfo

START = datetime(2026, 3, 2, 14, tzinfo=UTC)
Hook = Callable[[str], None]


def no_hook(_: str) -> None:
    pass


class Stored(NamedTuple):
    info: ObjectInfo
    metadata: dict[str, str]
    offsets: list[int]
    corrupt: bool


class Bucket:
    """`hook` is called with the name of each request."""

    def __init__(self) -> None:
        self.stored: dict[str, Stored] = {}
        self.lists = 0
        self.hook: Hook = no_hook
        self.puts = 0

    def put(self, key: str, metadata: dict[str, str], offsets: list[int], corrupt: bool = False) -> None:
        self.puts += 1
        info = ObjectInfo(key, 1000 + len(offsets), f"etag{self.puts}", START + timedelta(seconds=self.puts))
        self.stored[key] = Stored(info, metadata, offsets, corrupt)

    def link(
        self,
        chain: Chain,
        first: int,
        last: int,
        *,
        hour: int = 0,
        rejected: int = 0,
        lost: int = 0,
        says: int | None = None,
        corrupt: bool = False,
    ) -> str:
        """Puts a link. `says`: the rows by its metadata, where they are not those inside."""
        count = last - first + 1 - rejected - lost
        offsets = list(range(last - count + 1, last + 1))
        key = keys.ObjectKey(*chain, START + timedelta(hours=hour), first)
        link = Link(key, last, count if says is None else says, rejected, 0, lost, "stock-quote/1", 1)
        self.put(str(key), link.metadata(), offsets, corrupt)
        return str(key)

    def holes(self, chain: Chain, first: int, last: int, hour: int = 0) -> str:
        """Puts a link over offsets that the log has no record of."""
        key = keys.ObjectKey(*chain, START + timedelta(hours=hour), first)
        self.put(str(key), Link(key, last, 0, holes=last - first + 1).metadata(), [])
        return str(key)

    def head(self, key: str) -> ObjectHead | None:
        self.hook("HEAD")
        stored = self.stored.get(key)
        return ObjectHead(*stored.info, metadata=stored.metadata) if stored else None

    def objects(self, prefix: str, after: str | None = None, first: int = PAGE) -> Iterator[ObjectInfo]:
        self.hook("LIST")
        self.lists += 1
        yield from [
            self.stored[key].info
            for key in sorted(self.stored)
            if key.startswith(prefix) and key > (after or "")
        ]

    def prefixes(self, prefix: str, shape: Shape | None = None) -> list[str]:
        self.hook("LIST prefixes")
        tails = [key.removeprefix(prefix) for key in self.stored if key.startswith(prefix)]
        return sorted({f"{prefix}{tail.partition('/')[0]}/" for tail in tails if "/" in tail})
