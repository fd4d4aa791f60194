"""Puts virtual time, threads and clients into the product's modules. Once a process of Python."""

from __future__ import annotations

import gc
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from stock_common import deadline, keys, retry
from stock_kafka import reader, sender
from stock_s3_sink import background, dead_letters, resume, source, status, uploads, writer
from stock_s3_sink.cutter import NO_TIME, Records
from stock_s3_sink.encode.parquet import Encoded, Rejected

from .engine import process
from .threads import CLOCK, Event, Threading, run, wait

GOOD, BAD = b"good ", b"bad "


class Silent:
    """Metrics, publishers and the like, which decide nothing."""

    def __getattr__(self, name: str) -> Any:
        return self

    def __call__(self, *_: Any, **__: Any) -> Any:
        return self


SILENT: Any = Silent()


class StoryLog:
    """A logger whose lines are part of the story."""

    def bind(self, **_: Any) -> StoryLog:
        return self

    def _line(self, text: str, /, **fields: Any) -> None:
        who = process()
        if text == "stopped":
            who.fatal.append(fields["reason"])
        if who.world.story is not None:
            shown = " ".join(f"{name}={value}" for name, value in fields.items() if name in SHOWN)
            who.world.say(who.name, f"{text} {shown}".strip())

    info = warning = error = _line


SHOWN = ("offset", "last", "rows", "reason", "outcome", "error", "partition")
LOG: Any = StoryLog()


def encode(kind: Any, held: Records, topic_id: str, partition: int) -> Encoded:
    """In the place of Parquet: one line a row. A record that is not GOOD is refused."""
    rows: list[bytes] = []
    refused: list[Rejected] = []
    for offset, time, value in zip(held.offsets, held.times, held.values, strict=True):
        if value.startswith(GOOD) and time != NO_TIME:
            rows.append(b"%d %s" % (offset, value))
        else:
            refused.append(Rejected(offset, time, value, "schema", "not good"))
    return Encoded(b"\n".join(rows), len(rows), refused, 0, frozenset())


def rows_of(body: bytes) -> list[tuple[int, bytes]]:
    """(offset, value) of each row of an object."""
    pairs = (line.split(b" ", 1) for line in body.split(b"\n") if line)
    return [(int(offset), value) for offset, value in pairs]


def let_go(consumer: Any, seconds: float = 0.0) -> None:
    consumer.close()


def set_clock(function: Any) -> None:
    """The clock that a function takes unless it is given one."""
    if function.__kwdefaults__ and "clock" in function.__kwdefaults__:
        function.__kwdefaults__["clock"] = CLOCK
    else:
        function.__defaults__ = tuple(
            CLOCK if callable(value) and getattr(value, "__name__", "") == "monotonic" else value
            for value in function.__defaults__
        )


def install() -> None:
    gc.freeze()
    gc.set_threshold(100_000)
    for function in (deadline.Deadline.__init__, retry.call, reader.read, sender.deliver):
        set_clock(function)
    assert retry.call.__kwdefaults__
    retry.call.__kwdefaults__["rand"] = lambda: CLOCK.world.random.random()
    module: Any
    for module in (uploads, writer, dead_letters):
        module.threading = Threading
    background.run = run
    uploads.wait = wait
    partition: Any = uploads.Partition
    resume.Partition = lambda cutter, **named: partition(cutter, Event(), **named)
    keys.parse = lru_cache(100_000)(keys.parse)
    status.StatusReporter._set_gauges = SILENT
    writer.encode = encode
    writer.time = SimpleNamespace(monotonic=CLOCK)
    reader.let_go = let_go
    source.let_go = let_go
    source.Consumer = lambda config: config["make"]()
    source.AdminClient = lambda config: None
    source.cluster = SimpleNamespace(
        describe=lambda *a: process().kafka.describe(*a),
        watermarks=lambda *a: process().kafka.watermarks(*a),
        ends=lambda *a: process().kafka.ends(*a),
    )


def settings(make_consumer: Any, make_reader: Any) -> Any:
    """What KafkaSource asks of its settings."""
    return SimpleNamespace(
        consumer=lambda *_: {"make": make_consumer},
        reader=lambda *_: {"make": make_reader},
        admin=lambda *_: {},
    )
