"""What an audit can find, by kind.

A finding makes the verdict incomplete. A warning is a finding that an operator has accepted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import islice
from typing import NamedTuple


class Kind(StrEnum):
    """The value begins the finding's text and is the label of its metric. README has the repair of each."""

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
    UNREAD = "unread in Kafka"
    UNREADABLE = "unreadable in Kafka"
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
"""What may be a loss for good, because nothing is left to repair it with. Every other kind has a repair.

An acceptance is stored by the finding's text, so the texts of these kinds must not change.
"""


def is_acceptable(text: str) -> bool:
    """Whether the finding of this text may be accepted."""
    return text.startswith(tuple(f"{kind}: " for kind in ACCEPTABLE))


NAMED = 20
"""So many objects of one kind are named. Somebody else's upload can have thousands."""


class Finding(NamedTuple):
    """`detail` names ranges and objects. `objects` is how many it stands for."""

    kind: Kind
    detail: str
    objects: int = 1

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}"


def named(kind: Kind, details: Mapping[str, str]) -> list[Finding]:
    """A finding for each of the first objects (key → detail), and one that counts the others."""
    found = [Finding(kind, detail) for detail in islice(details.values(), NAMED)]
    rest = list(details)[NAMED:]
    if rest:
        others = f"{len(rest)} more objects, {rest[0]} to {rest[-1]}"
        found.append(Finding(kind, others, len(rest)))
    return found


def shortened(texts: Sequence[str], most: int) -> list[str]:
    """The texts for a message that must stay small: at most `most`, and how many more there are."""
    return [*texts[:most], f"and {len(texts) - most} more"] if len(texts) > most else list(texts)
