"""Keeps, from one audit to the next, the checkpoint of each chain and what the stages last answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from stock_auditor.compare.chain import Outcome
from stock_auditor.compare.evidence import START, Checkpoint, Evidence, Log, Probe, Reading, Stored

LISTED_FOR = timedelta(minutes=15)
"""A chain at rest is listed again after this time, because somebody else may put or delete an object."""


@dataclass
class ChainMemory:
    """What is remembered of one chain.

    checkpoint: up to where the chain was equal.
    reading: the warehouse's last answer about the offsets after the checkpoint.
    outcome: the last comparison.
    objects, listed_at: S3's last answer about the offsets after the checkpoint, and its time.
    probe: what the log's last probe found after the chain's end.
    """

    checkpoint: Checkpoint = START
    reading: Reading | None = None
    outcome: Outcome | None = None
    objects: tuple[Stored, ...] = ()
    listed_at: datetime | None = None
    probe: Probe | None = None

    def is_at_rest(self, log: Log | None, now: datetime) -> bool:
        """Whether the sinks have put nothing since S3 was listed.

        That is so when the whole log was in objects then, and the log ends now where it ended then.
        A `log` of None means that Kafka no longer has the topic id.
        """
        if self.outcome is None or self.listed_at is None or now >= self.listed_at + LISTED_FOR:
            return False
        if self.outcome.findings or self.outcome.verdict.in_flight_s3:
            return False
        return self.outcome.verdict.kafka_end == (log.end if log else -1)

    def is_to_be_probed(self, begin: int, end: int) -> bool:
        """Whether a record of `begin..end-1` is to be read. That is so where the chain does not go on.

        A chain that went on since the last comparison, or had nothing after its end then, has time to go on.
        What a probe passed over holds no record, now or later.
        """
        if begin >= end or (self.probe and self.probe.begin <= begin and end <= self.probe.clear_to):
            return False
        before = self.outcome.verdict if self.outcome else None
        return before is None or (begin <= before.s3_last + 1 and begin < before.kafka_end)

    def update(self, outcome: Outcome, evidence: Evidence, listed_at: datetime | None) -> None:
        """Takes a comparison of this evidence. Only the objects after the new checkpoint are kept."""
        self.outcome, self.objects, self.listed_at, self.probe = outcome, (), None, evidence.probe
        if outcome.checkpoint != self.checkpoint:
            self.checkpoint, self.reading = outcome.checkpoint, Reading()
        if not outcome.findings:
            after = self.checkpoint.key or ""
            self.objects, self.listed_at = (
                tuple(item for item in evidence.objects if item.key > after),
                listed_at,
            )
