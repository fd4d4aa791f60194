"""What an audit can find, by kind. A finding makes the verdict incomplete; a warning is a finding that an operator has accepted."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """The value begins the finding's text and is the label of its metric; README tells the repair of each."""

    HOLE = "hole in the chain"
    DELETED = "deleted object"
    REPLACED = "replaced object"
    FOREIGN = "foreign object"
    OVERLAP = "overlapping links"
    ORDER = "link out of order"
    TRUNCATED = "truncated log"
    EXPIRED = "expired in Kafka"
    NO_TOPIC = "no topic"
    GONE = "topic made anew"
    LOST = "lost to retention"
    NOT_ON_S3 = "not on S3"
    NOT_LOADED = "not in Snowflake"
    SKIPPED = "skipped by the loader"
    QUARANTINED = "quarantined object"
    LEDGER_DIFFERS = "ledger differs"
    LEDGERED_TWICE = "ledgered twice"
    NO_LEDGER_ROW = "no ledger row"
    ROWS_MISSING = "missing rows"
    ROWS_DOUBLED = "doubled rows"
    ROWS_SURPLUS = "surplus rows"


ACCEPTABLE = (Kind.DELETED, Kind.GONE, Kind.LOST)
"""What may be a loss for good: nothing is left to repair it with. Everything else has a repair."""


def acceptable(text: str) -> bool:
    """Whether the finding of this text may be accepted."""
    return text.startswith(tuple(f"{kind}: " for kind in ACCEPTABLE))


class Finding(NamedTuple):
    """`detail` names ranges and objects."""

    kind: Kind
    detail: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}"


def shown(texts: Sequence[str], most: int) -> list[str]:
    """The texts for a message that must stay small: at most `most`, and how many more there are."""
    return [*texts[:most], f"and {len(texts) - most} more"] if len(texts) > most else list(texts)
