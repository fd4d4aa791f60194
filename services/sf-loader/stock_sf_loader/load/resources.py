"""What loading and repairing need from outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stock_objects.chain import Bucket
from stock_sf_loader.load.ledger import Session


@dataclass(frozen=True)
class Resources:
    """The systems on both sides and the process around.

    session: the warehouse, for a writer.
    bucket: the objects.
    stage: the name of the stage in RAW over the bucket.
    new_holder: a name for the lease that no other transaction has.
    go_on: called between long steps. It raises transaction.Stopped when the process is to end.
    """

    session: Session
    bucket: Bucket
    stage: str
    new_holder: Callable[[], str]
    go_on: Callable[[], None]
