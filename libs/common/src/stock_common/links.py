"""A link of a chain: what one object covers, as its key and its metadata say.

`rows + rejected + lost + holes = last - first + 1`, always.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from stock_common.keys import ObjectKey


class Link(NamedTuple):
    """One object of a chain. Counts are of offsets in `first..last`, both included.

    rows: records inside; rejected: dead-lettered; holes: offsets that the broker never delivers (transaction markers, compaction);
    lost: gone by retention before they were read.
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
    """The link at `key`. Raises ValueError when the metadata is missing, no number, or does not add up."""
    try:
        numbers = {name: int(metadata[name]) for name in ("last-offset", "rows", "rejected", "holes", "lost", "leader-epoch")}
        schema = metadata["schema"]
    except KeyError as error:
        raise ValueError(f"{key} has no metadata {error}") from None
    except ValueError as error:
        raise ValueError(f"{key} has bad metadata: {error}") from None
    link = Link(key, numbers["last-offset"], numbers["rows"], numbers["rejected"], numbers["holes"], numbers["lost"], schema, numbers["leader-epoch"])
    counts = (link.rows, link.rejected, link.holes, link.lost)
    if min(counts) < 0 or sum(counts) != link.last - link.first + 1:
        raise ValueError(f"{key} says {link.first} to {link.last}, but rows, rejected, holes and lost are {counts}")
    return link
