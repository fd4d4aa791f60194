"""What is remembered of a chain from one audit to the next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from stock_auditor.compare import Outcome
from stock_auditor.evidence import START, Checkpoint, Log, Reading, Stored

LISTED_FOR = timedelta(minutes=15)
"""A chain at rest is listed so often all the same: somebody else may put or delete an object."""


@dataclass
class Known:
    """Up to where the chain was equal, the warehouse's last answer about the rest, and S3's last one with its time."""

    checkpoint: Checkpoint = START
    reading: Reading | None = None
    outcome: Outcome | None = None
    objects: tuple[Stored, ...] = ()
    listed_at: datetime | None = None

    def rests(self, log: Log | None, now: datetime) -> bool:
        """Whether the sinks have put nothing since S3 was listed: all of the log was in objects, and it ends where it did.

        `log` None: Kafka no longer has the topic id.
        """
        if self.outcome is None or self.listed_at is None or now >= self.listed_at + LISTED_FOR:
            return False
        part = self.outcome.verdict
        return not self.outcome.findings and not part.in_flight_s3 and part.kafka_end == (log.end if log else -1)

    def take(self, outcome: Outcome, objects: tuple[Stored, ...], listed_at: datetime | None) -> None:
        """The chain was compared: what is behind the new checkpoint is kept for the next time, and no more."""
        self.outcome, self.objects, self.listed_at = outcome, (), None
        if outcome.checkpoint != self.checkpoint:
            self.checkpoint, self.reading = outcome.checkpoint, Reading()
        if not outcome.findings:
            after = self.checkpoint.key or ""
            self.objects, self.listed_at = tuple(item for item in objects if item.key > after), listed_at
