"""What the simulated Snowflake stores, as values that never change, and what its statements do with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from stock_common import keys
from stock_common.ledger import TABLES
from stock_objects.chain import Chain

TOPIC = "stock-data"


class Ledgered(NamedTuple):
    """One row of RAW.LOADED_FILES."""

    chain: Chain
    first: int | None
    last: int | None
    rows: int
    rejected: int
    holes: int
    lost: int
    key: str
    etag: str
    status: str
    reason: str | None
    time: datetime
    at: datetime

    @property
    def is_sound(self) -> bool:
        counts = (self.rows, self.rejected, self.holes, self.lost)
        return (
            self.first is not None
            and self.last is not None
            and 0 <= self.first <= self.last
            and min(counts) >= 0
            and sum(counts) == self.last - self.first + 1
            and keys.is_link(self.key)
            and self.key.startswith(self.chain.prefix)
            and keys.parse(self.key).first == self.first
        )


class Row(NamedTuple):
    """One row of a table. `key` is the object that it came from."""

    chain: Chain
    offset: int
    value: bytes
    key: str


class Data(NamedTuple):
    """Everything that a COMMIT makes visible."""

    ledger: tuple[Ledgered, ...] = ()
    rows: tuple[Row, ...] = ()
    holder: str | None = None
    fence: int = 0


Change = Callable[[Data], Data]
Answer = list[dict[str, Any]]


def tails(data: Data, begin: datetime, end: datetime) -> Answer:
    found: dict[tuple[Chain, bool], dict[str, Any]] = {}
    for row in data.ledger:
        if row.last is None or not begin <= row.at < end:
            continue
        chain = row.chain
        tail = found.setdefault(
            (chain, row.is_sound),
            {
                "TOPIC": chain.topic,
                "TOPIC_ID": chain.topic_id,
                "KAFKA_PARTITION": chain.partition,
                "IS_SOUND": row.is_sound,
                "FILES": 0,
                "LAST_OFFSET": -1,
                "OBJECT_KEY": "",
                "ROW_COUNT": 0,
                "QUARANTINED": 0,
                "LOADED_AT": row.at,
            },
        )
        tail["FILES"] += 1
        tail["LOADED_AT"] = max(tail["LOADED_AT"], row.at)
        if row.last > tail["LAST_OFFSET"]:
            tail["LAST_OFFSET"], tail["OBJECT_KEY"] = row.last, row.key
        tail["ROW_COUNT"] += row.rows if row.status == "loaded" else 0
        tail["QUARANTINED"] += row.status == "quarantined"
    return list(found.values())


def as_entry(row: Ledgered) -> dict[str, Any]:
    names = ("FIRST_OFFSET", "LAST_OFFSET", "ROW_COUNT", "REJECTED", "HOLES", "LOST", "OBJECT_KEY", "ETAG")
    chain = dict(zip(("TOPIC", "TOPIC_ID", "KAFKA_PARTITION"), row.chain, strict=True))
    more = {"STATUS": row.status, "REASON": row.reason, "OBJECT_TIME": row.time}
    return chain | dict(zip(names, row[1:9], strict=True)) | more


def entries(data: Data, wanted: Callable[[Ledgered], bool]) -> Answer:
    found = sorted(filter(wanted, data.ledger), key=lambda row: (row.key, row.first or 0))
    return [as_entry(row) for row in found]


def without(rows: Sequence[Any], gone: Callable[[Any], bool]) -> tuple[Any, ...]:
    return tuple(row for row in rows if not gone(row))


def chains(data: Data) -> Answer:
    known = {row.chain for row in data.ledger} | {row.chain for row in data.rows}
    return [{"TOPIC_ID": each.topic_id, "KAFKA_PARTITION": each.partition} for each in sorted(known)]


def _file(row: Ledgered) -> dict[str, Any]:
    counts = dict(zip("ABCDEF", row[1:7], strict=True))
    return {
        "KIND": "file",
        **counts,
        "OBJECT_KEY": row.key,
        "ETAG": row.etag,
        "STATUS": row.status,
        "REASON": row.reason,
    }


def _other(kind: str, a: Any, b: Any, c: Any, d: Any = None, e: Any = None, f: Any = None) -> dict[str, Any]:
    empty = dict.fromkeys(("OBJECT_KEY", "ETAG", "STATUS", "REASON"))
    return {"KIND": kind, "A": a, "B": b, "C": c, "D": d, "E": e, "F": f, **empty}


def totals(data: Data, chain: Chain, since: int) -> Answer:
    """Ledger and table in one statement: see stock_auditor.stages.sql.totals."""
    files = [
        _file(row)
        for row in data.ledger
        if row.chain == chain
        and ((row.first is not None and row.first >= since) or row.status == "quarantined")
    ]
    rows = [row for row in data.rows if row.chain == chain]
    new = [row.offset for row in rows if row.offset >= since]
    resent = len({row.offset for row in rows}) - len({row.value for row in rows})
    total = _other(
        "total", min(new, default=None), max(new, default=None), len(new), len(set(new)), resent, 0
    )
    return [*files, total]


def runs(data: Data, chain: Chain, begin: int, end: int) -> Answer:
    files = [
        _file(row)
        for row in data.ledger
        if row.chain == chain and row.first is not None and begin <= row.first < end
    ]
    offsets = sorted(row.offset for row in data.rows if row.chain == chain and begin <= row.offset < end)
    copies = {offset: offsets.count(offset) for offset in offsets}
    for count in set(copies.values()):
        held = [offset for offset, number in copies.items() if number == count]
        for _, group in groupby(enumerate(held), key=lambda pair: pair[1] - pair[0]):
            island = [offset for _, offset in group]
            files.append(_other("run", island[0], island[-1], count))
    return files


def table_name(topic: str) -> str:
    return TABLES[topic].name
