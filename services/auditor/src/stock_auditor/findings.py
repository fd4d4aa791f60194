"""What an audit can find, by kind. A finding is unexplained and makes the verdict incomplete; a warning is explained."""

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


class Finding(NamedTuple):
    """`detail` names ranges and objects."""

    kind: Kind
    detail: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}"


def shown(texts: Sequence[str], most: int) -> list[str]:
    """The texts for a message that must stay small: at most `most`, and how many more there are."""
    return [*texts[:most], f"and {len(texts) - most} more"] if len(texts) > most else list(texts)
