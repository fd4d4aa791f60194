"""How long a quote takes from stage to stage, as a picture on a logarithmic scale. Pure."""

from __future__ import annotations

import math
from html import escape
from statistics import median
from typing import NamedTuple

from stock_common.status import ChainStatus, LoaderStatus
from stock_dashboard import text

SCALE = (
    (0.01, "10 ms"),
    (0.1, "100 ms"),
    (1.0, "1 s"),
    (10.0, "10 s"),
    (60.0, "1 min"),
    (600.0, "10 min"),
    (3_600.0, "1 h"),
)
"""The marks of the scale, in seconds and in words."""


class Leg(NamedTuple):
    """One part of the way.

    start, end: seconds after the fetch, None while they are not known.
    note: what was measured.
    """

    name: str
    start: float | None
    end: float | None
    note: str


def legs(
    delays: tuple[float, float] | None, chains: tuple[ChainStatus, ...], loader: LoaderStatus | None
) -> list[Leg]:
    """The parts of the way. `delays`: see LiveStore.delays."""
    kafka, shown = (delays[0], sum(delays)) if delays else (None, None)
    put = to_s3(chains)
    waited = loader.waited_seconds if loader else None
    base = kafka or 0.0
    s3 = None if put is None else base + put
    warehouse = None if s3 is None or waited is None else s3 + waited
    return [
        Leg("Fetched → Kafka", 0.0, kafka, "median of the last quotes"),
        Leg(
            "Kafka → received here",
            kafka,
            shown,
            "median of the last quotes, to their arrival in the server. Pages are drawn each second",
        ),
        Leg(
            "Kafka → S3",
            base,
            s3,
            "the record that waited longest for each partition's last object, median of the partitions",
        ),
        Leg("S3 → Snowflake", s3, warehouse, "the object that waited longest for the last load"),
    ]


def to_s3(chains: tuple[ChainStatus, ...]) -> float | None:
    """Seconds from Kafka to S3, the median of the partitions. None while no partition has an object.

    Of each partition it is the record that waited longest for the last object.
    """
    waits = [
        (chain.put_at - chain.first_kafka_time).total_seconds()
        for chain in chains
        if chain.put_at and chain.first_kafka_time
    ]
    return max(0.0, median(waits)) if waits else None


def place(seconds: float) -> float:
    """Where a time stands on the logarithmic scale, 0 to 100."""
    low, high = math.log10(SCALE[0][0]), math.log10(SCALE[-1][0])
    return min(100.0, max(0.0, (math.log10(max(seconds, SCALE[0][0])) - low) / (high - low) * 100))


def duration(seconds: float) -> str:
    """`35 ms`, `4.2 s`, `17 min`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else text.age(seconds)


def picture(parts: list[Leg]) -> str:
    """The parts below each other: each a point at its duration, and the duration in words.

    A bar's length would mean nothing on a logarithmic scale.
    """
    marks = "".join(f'<i style="left:{place(at):.1f}%">{escape(words)}</i>' for at, words in SCALE)
    rows = "".join(_row(part) for part in parts)
    scale = f'<div class="scale"><b></b><span>{marks}</span><b></b></div>'
    return f'<div class="sd sd-legs" role="img" aria-label="{escape(spoken(parts))}">{rows}{scale}</div>'


def spoken(parts: list[Leg]) -> str:
    """The picture in words."""
    durations = [
        f"{part.name}: {duration(part.end - part.start)}"
        for part in parts
        if part.start is not None and part.end is not None
    ]
    return "; ".join(durations) or "no time is known yet"


def _row(part: Leg) -> str:
    if part.start is None or part.end is None:
        unknown = '<b class="took sd-mute">not known yet</b>'
        return f'<div><b>{escape(part.name)}</b><span class="track"></span>{unknown}</div>'
    took = max(0.0, part.end - part.start)
    bar = f'<i style="left:{place(took):.1f}%"></i>'
    title = f"{part.note}; {duration(part.end)} after the fetch"
    return (
        f'<div title="{escape(title)}"><b>{escape(part.name)}</b><span class="track">{bar}</span>'
        f'<b class="took">{duration(took)}</b></div>'
    )
