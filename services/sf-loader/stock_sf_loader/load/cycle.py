"""One cycle: loads the new objects on S3 into the warehouse, batch by batch, until no more can be loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from types import MappingProxyType
from typing import NamedTuple

import structlog

from stock_common.ledger import QUARANTINED
from stock_objects.chain import Chain
from stock_objects.errors import Conflict, ObjectError
from stock_sf_loader.load import ledger, transaction, trial
from stock_sf_loader.load.batch import Batch, Held, next_batch
from stock_sf_loader.load.copy_into import FILES_LIMIT, BatchRefused, FileRefused
from stock_sf_loader.load.ledger import Entry, LedgerState
from stock_sf_loader.load.listing import Heads, Listing, Scanner
from stock_sf_loader.load.obstacles import Obstacles, unsound_texts
from stock_sf_loader.load.refused_files import TRIES, RefusedFiles
from stock_sf_loader.load.resources import Resources
from stock_sf_loader.load.transaction import LeaseLost, Stale, Stopped
from stock_sf_loader.metrics import Metrics, Seen, Waiting
from stock_warehouse.errors import (
    AccountSuspended,
    LockTimeout,
    StatementError,
    UnknownOutcome,
    WarehouseUnavailable,
)

STALE_LIMIT = 3
"""Another loader may be first so often in a cycle. Then this one waits for the next cycle."""
REFUSED_LIMIT = 20
"""So many refused files end a cycle, so that they do not keep the warehouse busy."""
YIELD_SECONDS = 60.0
"""A cycle with more to load ends after so long, so that status and metrics are never much older."""
OUTCOMES = {
    LockTimeout: "locked",
    LeaseLost: "locked",
    Stale: "stale",
    UnknownOutcome: "unknown",
    AccountSuspended: "suspended",
    WarehouseUnavailable: "unavailable",
    ObjectError: "unavailable",
    Conflict: "unavailable",
    StatementError: "refused",
    BatchRefused: "refused",
    Stopped: "stopped",
}


class Cycle(NamedTuple):
    """The result of a cycle.

    outcome: loaded, idle, or one of OUTCOMES.
    entries: what was written into the ledger.
    fault: a sentence for a person, None when all is well.
    notice: a sentence for a person on what costs no data, None when there is nothing.
    waiting: the chains with objects that are not loaded.
    left: there is more to load. Another cycle should begin at once.
    is_whole: it did not end early, for something that all chains need.
    """

    outcome: str
    entries: list[Entry]
    transactions: int
    fault: str | None
    notice: str | None = None
    waiting: Mapping[Chain, Waiting] = MappingProxyType({})
    left: bool = False
    is_whole: bool = True


class Loader:
    """Loads some topics. It keeps the ledger's state, so that an idle cycle sends no statement."""

    def __init__(
        self,
        resources: Resources,
        topics: Sequence[str],
        metrics: Metrics,
        log: structlog.stdlib.BoundLogger,
        refused: RefusedFiles | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._session, self._bucket = resources.session, resources.bucket
        self._resources, self._topics, self._metrics, self._log = resources, topics, metrics, log
        self._refused, self._clock = refused or RefusedFiles(), clock
        self._scanner = Scanner(resources.bucket, resources.go_on)
        self._heads = Heads(resources.bucket, resources.go_on)
        self._obstacles = Obstacles(log)
        self._done: list[Entry] = []
        self._transactions, self._left, self._is_whole = 0, False, True
        self._listings: list[Listing] = []
        self.state: LedgerState | None = None

    def cycle(self) -> Cycle:
        """Loads what is new, for YIELD_SECONDS and the batch that is then under way.

        Blocks while its statements run and calls `go_on` between them. Raises only FatalError.
        """
        self._done, self._transactions, self._left, self._is_whole = [], 0, False, True
        self._obstacles.begin()
        if any(listing.replaced for listing in self._listings):
            self._forget()  # an operator may have released it, as after a stranger's object was moved away
        outcome, fault = self._outcome()
        waiting = self._waiting()
        self._metrics.cycle(outcome, self._seen(waiting), self._session.statement_seconds)
        unsound = unsound_texts(self.state) if self.state else []
        faults = [fault, *self._obstacles.faults(), *self._stuck(), *self._refused.texts(), *unsound]
        text = "; ".join(filter(None, faults)) or None
        notice, ending = self._obstacles.notice(), (self._left, self._is_whole)
        return Cycle(outcome, self._done, self._transactions, text, notice, waiting, *ending)

    def load_all(self) -> Cycle:
        """Cycles until nothing is left, as one."""
        cycle = self.cycle()
        while cycle.left:
            before, cycle = cycle, self.cycle()
            entries, transactions = before.entries + cycle.entries, before.transactions + cycle.transactions
            cycle = cycle._replace(entries=entries, transactions=transactions)
        return cycle

    def _outcome(self) -> tuple[str, str | None]:
        try:
            self._load_new()
        except tuple(OUTCOMES) as error:
            self._is_whole = False
            # Whatever went wrong, a new session reads the ledger before anything else is loaded.
            self._forget()
            outcome = next(name for kind, name in OUTCOMES.items() if isinstance(error, kind))
            self._log.warning("cycle ended early", outcome=outcome, error=str(error))
            return outcome, None if outcome == "stopped" else f"{outcome}: {error}"
        if self._refused.texts() or self._obstacles.stopped:
            return "refused", None
        if self._obstacles.unread:
            return "unavailable", None
        return ("loaded" if self._done else "idle"), None

    def _load_new(self) -> None:
        held, limit, stale, began = Held(set(), set()), FILES_LIMIT, 0, self._clock()
        while True:
            batch = self._next_batch(held, limit)
            if batch.entries:
                try:
                    self._load(batch.entries)
                    limit = min(FILES_LIMIT, 2 * limit)
                except Stale:
                    self._forget()
                    stale += 1
                    if stale == STALE_LIMIT:
                        raise
                    continue
                except (FileRefused, BatchRefused) as error:
                    limit = self._refuse(error, batch.entries, held)
                    if len(held.files) + len(self._obstacles.stopped) >= REFUSED_LIMIT:
                        return
                    continue
            if not batch.left:
                return
            if self._clock() - began >= YIELD_SECONDS:
                self._left = True
                return

    def _next_batch(self, held: Held, limit: int) -> Batch:
        self._resources.go_on()
        state = self._known_state()
        self._listings = self._scanner.new_objects(self._topics, state)
        batch = next_batch(self._listings, self._heads, state, self._refused, held, limit)
        self._obstacles.listed(self._listings)
        self._obstacles.planned(batch.gaps, held.chains)
        self._obstacles.could_not_read(batch.cut)
        held.chains.update((batch.gaps.keys() | batch.cut.keys()) - {entry.chain for entry in batch.entries})
        return batch

    def _known_state(self) -> LedgerState:
        if self.state is None:
            self.state = ledger.read(self._session)
        return self.state

    def _forget(self) -> None:
        self.state = None
        self._session.close()

    def _load(self, entries: list[Entry]) -> None:
        since, started = self._known_state(), self._clock()
        stage, holder = self._resources.stage, self._resources.new_holder()
        transaction.load(self._session, stage, entries, since, holder, self._resources.go_on)
        self._done += entries
        self._transactions += any(entry.is_copied for entry in entries)
        self._refused.settled(entries)
        self._metrics.loaded(entries, self._clock() - started)
        for entry in entries:
            if entry.status == QUARANTINED:
                self._log.error("object quarantined", object=entry.key, reason=entry.reason)
        # The truth is what the ledger holds after COMMIT, not what was sent.
        self.state = None
        self.state = ledger.read(self._session, since)

    def _refuse(self, error: FileRefused | BatchRefused, entries: Sequence[Entry], held: Held) -> int:
        """How many entries to load next, after Snowflake has refused these."""
        if isinstance(error, BatchRefused) and len(entries) == 1:
            only = entries[0]
            if not self._refused.is_to_blame(only.key, only.chain.topic, lambda: self._later_loads(only)):
                held.chains.add(only.chain)
                self._obstacles.stop(only.chain, f"{only.key}: {error}")
                return 1
            error = FileRefused(only.key, str(error))
        if isinstance(error, FileRefused):
            tries = self._refused.refused(error.key, error.reason)
            self._log.error(
                "file refused", object=error.key, reason=error.reason, tries=tries, quarantined_after=TRIES
            )
            held.files.add(error.key)
            return FILES_LIMIT
        # Halving finds the file that Snowflake does not name.
        self._log.warning("batch refused, a smaller one is tried", files=len(entries), reason=str(error))
        return len(entries) // 2

    def _later_loads(self, entry: Entry) -> bool:
        (listing,) = (listing for listing in self._listings if listing.chain == entry.chain)
        later = [info for info in listing.objects if info.key > entry.key]
        return trial.newest_loads(self._resources, entry.chain, later)

    def _stuck(self) -> list[str]:
        return [
            f"several files of {topic} in a row cannot be loaded, so no more are quarantined until one loads:"
            " look at the table and the stage"
            for topic in self._topics
            if self._refused.stuck(topic)
        ]

    def _waiting(self) -> dict[Chain, Waiting]:
        done = {entry.key for entry in self._done}
        waiting: dict[Chain, Waiting] = {}
        for listing in self._listings:
            if objects := [info for info in listing.objects if info.key not in done]:
                oldest = min(info.modified for info in objects)
                waiting[listing.chain] = Waiting(len(objects), objects[0].key, oldest)
        return waiting

    def _seen(self, waiting: Mapping[Chain, Waiting]) -> Seen:
        quarantined = self.state.quarantined if self.state else None
        return Seen(waiting, quarantined, self._obstacles.gaps, self._obstacles.foreign_by_topic())
