"""One cycle: what is new on S3 goes into the warehouse, batch by batch, until nothing is left that can go."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import NamedTuple

import structlog

from stock_objects.chain import Chain
from stock_objects.errors import Conflict, ObjectError
from stock_sf_loader import ledger, transaction
from stock_sf_loader.batch import Pass, next_batch
from stock_sf_loader.copy_into import FILES_LIMIT, BatchRefused, FileRefused
from stock_sf_loader.ledger import QUARANTINED, Entry, LedgerState, Session
from stock_sf_loader.listing import Heads, Listing, Store, new_objects
from stock_sf_loader.metrics import Metrics
from stock_sf_loader.plan import Gap
from stock_sf_loader.suspects import TRIES, Suspects
from stock_sf_loader.transaction import LeaseLost, Stale, Stopped
from stock_warehouse.errors import LockTimeout, StatementError, UnknownOutcome, WarehouseUnavailable

STALE_LIMIT = 3
"""So often in a cycle another loader may have been first; then this one gives way until the next."""
REFUSED_LIMIT = 20
"""So many refused files end a cycle: the warehouse is not to be kept busy with what it cannot load."""
OUTCOMES = {
    LockTimeout: "locked",
    LeaseLost: "locked",
    Stale: "stale",
    UnknownOutcome: "unknown",
    WarehouseUnavailable: "unavailable",
    ObjectError: "unavailable",
    Conflict: "unavailable",
    StatementError: "refused",
    BatchRefused: "refused",
    Stopped: "stopped",
}


class Cycle(NamedTuple):
    """What a cycle came to. `outcome`: loaded, idle, or of OUTCOMES. `fault` is for a person; None: all is well."""

    outcome: str
    entries: list[Entry]
    transactions: int
    fault: str | None


class Loader:
    """Keeps the ledger's state between cycles, so that a cycle without anything new does not wake the warehouse."""

    def __init__(
        self,
        session: Session,
        bucket: Store,
        topics: Sequence[str],
        stage: str,
        *,
        new_holder: Callable[[], str],
        go_on: Callable[[], None],
        clock: Callable[[], float],
        metrics: Metrics,
        log: structlog.stdlib.BoundLogger,
        suspects: Suspects | None = None,
    ) -> None:
        self._session, self._bucket, self._topics, self._stage = session, bucket, topics, stage
        self._new_holder, self._go_on, self._clock = new_holder, go_on, clock
        self._metrics, self._log = metrics, log
        self._heads = Heads(bucket)
        self._suspects = suspects or Suspects()
        self._gaps: dict[Chain, Gap] = {}
        self._done: list[Entry] = []
        self._transactions = 0
        self._waiting: list[Listing] = []
        self.state: LedgerState | None = None

    def cycle(self) -> Cycle:
        """Loads what is new. Blocks for as long as its statements take; calls `go_on` in between. Raises FatalError only."""
        self._done, self._transactions, fault = [], 0, None
        try:
            self._run()
            outcome = "refused" if self._suspects.texts() else "loaded" if self._done else "idle"
        except tuple(OUTCOMES) as error:
            # Whatever it was, a new session reads the ledger before anything else is loaded.
            self._forget()
            outcome = next(name for kind, name in OUTCOMES.items() if isinstance(error, kind))
            fault = None if outcome == "stopped" else f"{outcome}: {error}"
            self._log.warning("cycle ended early", outcome=outcome, error=str(error))
        self._metrics.cycle(
            outcome, self._objects_waiting(), self.state.quarantined if self.state else None, self._gaps, self._session.statement_seconds
        )
        faults = [part for part in (fault, *map(_gap_text, self._gaps.items()), *self._stuck(), *self._suspects.texts()) if part]
        return Cycle(outcome, self._done, self._transactions, "; ".join(faults) or None)

    def _run(self) -> None:
        held = Pass(set(), set())
        limit, stale = FILES_LIMIT, 0
        while True:
            self._go_on()
            if self.state is None:
                self.state = ledger.read(self._session)
            self._waiting = new_objects(self._bucket, self._topics, self.state)
            batch = next_batch(self._waiting, self._heads, self.state, self._suspects, held, limit)
            self._tell_gaps(batch.gaps, held.chains)
            held.chains.update(batch.gaps.keys() - {entry.chain for entry in batch.entries})
            if batch.entries:
                try:
                    self._load(batch.entries, self.state)
                    limit = min(FILES_LIMIT, 2 * limit)
                except Stale:
                    self._forget()
                    stale += 1
                    if stale == STALE_LIMIT:
                        raise
                    continue
                except FileRefused as error:
                    self._refuse(error)
                    held.files.add(error.key)
                    if len(held.files) == REFUSED_LIMIT:
                        return
                    limit = FILES_LIMIT
                    continue
                except BatchRefused as error:
                    if len(batch.entries) == 1:
                        raise
                    limit = len(batch.entries) // 2
                    self._log.warning("batch refused, a smaller one is tried", files=len(batch.entries), reason=str(error))
                    continue
            if not batch.left:
                return

    def _forget(self) -> None:
        self.state = None
        self._session.close()

    def _load(self, entries: list[Entry], since: LedgerState) -> None:
        started = self._clock()
        transaction.load(self._session, self._stage, entries, since, self._new_holder(), self._go_on)
        self._done += entries
        self._transactions += any(entry.is_copied for entry in entries)
        self._suspects.settled(entries)
        self._metrics.loaded(entries, self._clock() - started)
        for entry in entries:
            if entry.status == QUARANTINED:
                self._log.error("object quarantined", object=entry.key, reason=entry.reason)
        # What counts is what is there after COMMIT, not what was sent.
        self.state = None
        self.state = ledger.read(self._session, since)

    def _refuse(self, error: FileRefused) -> None:
        tries = self._suspects.refused(error.key, error.reason)
        self._log.error("file refused", object=error.key, reason=error.reason, tries=tries, quarantined_after=TRIES)

    def _tell_gaps(self, gaps: dict[Chain, Gap], held: Collection[Chain]) -> None:
        now = {chain: gap for chain, gap in self._gaps.items() if chain in held} | gaps
        for chain, gap in now.items():
            if self._gaps.get(chain) != gap:
                self._log.error("gap in a chain: nothing is loaded behind it", topic=chain.topic, partition=chain.partition, **gap._asdict())
        for chain in self._gaps.keys() - now.keys():
            self._log.info("gap closed", topic=chain.topic, topic_id=chain.topic_id, partition=chain.partition)
        self._gaps = now

    def _stuck(self) -> list[str]:
        return [
            f"several files of {topic} in a row cannot be loaded, so no more are quarantined until one loads: look at the table and the stage"
            for topic in self._topics
            if self._suspects.stuck(topic)
        ]

    def _objects_waiting(self) -> dict[str, list[datetime]]:
        done = {entry.key for entry in self._done}
        waiting: dict[str, list[datetime]] = {topic: [] for topic in self._topics}
        for chain, objects, _ in self._waiting:
            waiting[chain.topic] += [info.modified for info in objects if info.key not in done]
        return waiting


def _gap_text(item: tuple[Chain, Gap]) -> str:
    chain, gap = item
    return f"gap in {chain.topic}/{chain.partition}: offsets {gap.expected} to {gap.found - 1} are in no object before {gap.key}"
