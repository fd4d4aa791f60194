"""A link of a chain: what one object covers, as its key and its metadata say.

`rows + rejected + lost + holes = last - first + 1`, always.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from stock_common.domain import INTEGER_LIMIT
from stock_common.keys import ObjectKey
from stock_common.printable import printable

SPAN_LIMIT = 10**12
"""Offsets of one link. A link over all that retention took in a month at the fastest pace has fewer."""
NUMBERS = ("last-offset", "rows", "rejected", "holes", "lost", "leader-epoch")
_NUMBER = re.compile(r"-?[0-9]{1,19}")
_SCHEMA = re.compile(r"[ -~]{0,100}")
_SHOWN = 50


class Link(NamedTuple):
    """One object of a chain. Counts are of offsets in `first..last`, both included.

    rows: records in the object.
    rejected: records that became dead letters.
    holes: offsets that the broker never delivers (transaction markers, compaction).
    lost: offsets that retention took before they were read.
    """

    key: ObjectKey
    last: int
    rows: int
    rejected: int = 0
    holes: int = 0
    lost: int = 0
    schema: str = ""
    leader_epoch: int = -1

    @property
    def first(self) -> int:
        return self.key.first

    def metadata(self) -> dict[str, str]:
        """The S3 user metadata that is written with the object."""
        return {
            "last-offset": str(self.last),
            "rows": str(self.rows),
            "rejected": str(self.rejected),
            "holes": str(self.holes),
            "lost": str(self.lost),
            "schema": self.schema,
            "leader-epoch": str(self.leader_epoch),
        }


def from_metadata(key: ObjectKey, metadata: Mapping[str, str]) -> Link:
    """The link at `key`. Raises ValueError when the metadata is missing, no number, or does not add up.

    Whoever may write to the bucket may have written it: nothing in it is believed that cannot be.
    """
    last, rows, rejected, holes, lost, epoch = (_number(key, metadata, name) for name in NUMBERS)
    schema = _text(key, metadata, "schema")
    if not _SCHEMA.fullmatch(schema):
        raise ValueError(f"{key} has bad metadata: schema is {printable(repr(schema), _SHOWN)}")
    link = Link(key, last, rows, rejected, holes, lost, schema, epoch)
    counts = (rows, rejected, holes, lost)
    if min(counts) < 0 or sum(counts) != link.last - link.first + 1:
        raise ValueError(
            f"{key} says {link.first} to {link.last}, but rows, rejected, holes and lost are {counts}"
        )
    if sum(counts) > SPAN_LIMIT:
        raise ValueError(f"{key} says {link.first} to {link.last}, more than the {SPAN_LIMIT} of any link")
    return link


def _number(key: ObjectKey, metadata: Mapping[str, str], name: str) -> int:
    text = _text(key, metadata, name)
    number = int(text) if _NUMBER.fullmatch(text) else INTEGER_LIMIT
    if not -INTEGER_LIMIT < number < INTEGER_LIMIT:
        raise ValueError(f"{key} has bad metadata: {name} is {printable(repr(text), _SHOWN)}")
    return number


def _text(key: ObjectKey, metadata: Mapping[str, str], name: str) -> str:
    try:
        return metadata[name]
    except KeyError:
        raise ValueError(f"{key} has no metadata {name!r}") from None
