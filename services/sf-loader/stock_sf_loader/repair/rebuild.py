"""Rebuild: loads every table again from S3 into a shadow table, compares the two, and replaces the rows.

A loader fills the shadow tables, with a shadow ledger and a shadow lease. So they are filled exactly once,
and a killed rebuild continues where it was. The replacement is one transaction of DML under the lease, not
ALTER TABLE … SWAP WITH. That is DDL, which commits by itself, so the lease would be free between the table
and its ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from stock_common import retry
from stock_common.ledger import TABLES
from stock_sf_loader.columns import Column, columns
from stock_sf_loader.load import ledger, transaction
from stock_sf_loader.load.cycle import Cycle, Loader
from stock_sf_loader.load.ledger import LedgerState, Session
from stock_sf_loader.load.refused_files import RefusedFiles
from stock_sf_loader.load.transaction import Stale, Stopped
from stock_sf_loader.metrics import SUCCESSES
from stock_sf_loader.repair import checksum, ledger_rows, rebuild_sql
from stock_sf_loader.repair.base import Repair
from stock_sf_loader.repair.shadow_tables import ShadowSession, shadow
from stock_warehouse.errors import UnknownOutcome

FILL_POLICY = retry.Policy(first=1.0, longest=1.0, attempts=8)
"""A bad file is quarantined after fewer cycles."""
NewLoader = Callable[[Session, str, RefusedFiles], Loader]
"""Makes a loader of one topic on a session."""


class Different(Exception):
    """The rebuilt rows differ from the table's, or could not be loaded. Nothing was replaced."""

    def __init__(self, differences: Sequence[str]) -> None:
        super().__init__("; ".join(differences))
        self.differences = list(differences)


class _CycleFailed(Exception):
    """A cycle of the shadow tables' loader ended early. Another one may succeed."""


class Options(NamedTuple):
    """How to rebuild.

    dry_run: compare only.
    accept: replace the rows even if they differ.
    restart: drop what an earlier run has left.
    """

    dry_run: bool = False
    accept: bool = False
    restart: bool = False


def rebuild(repair: Repair, topics: Sequence[str], new_loader: NewLoader, options: Options) -> list[str]:
    """Rebuilds the tables of `topics`, one after the other, and returns the differences that were found.

    A table that differs stays as it is, unless `accept` is set, and its shadow table stays for inspection.
    A killed rebuild continues when it is run again. The loader may run meanwhile.
    Raises what a session, a bucket or `go_on` raises.
    """
    return [difference for topic in topics for difference in _rebuild_one(repair, topic, new_loader, options)]


def _rebuild_one(repair: Repair, topic: str, new_loader: NewLoader, options: Options) -> list[str]:
    repair.retried(lambda: _prepare(repair, topic, options.restart))
    known = {
        entry.key: entry.reason or "quarantined before"
        for entry in repair.retried(lambda: ledger_rows.quarantined(repair.session))
    }
    loader = new_loader(ShadowSession(repair.session), topic, RefusedFiles(known))
    try:
        differences = repair.retried(_Attempt(repair, topic, loader, options))
    except Different as error:
        differences = error.differences
        kept = shadow(TABLES[topic].name)
        repair.tell(f"{topic}: not replaced, for it differs; what was rebuilt is in {kept}")
    else:
        repair.retried(lambda: _drop(repair.session, topic))
        verb = "compared" if options.dry_run else "replaced"
        repair.tell(f"{topic}: {verb}, {'it differs' if differences else 'it is equal'}")
    for line in differences:
        repair.tell(f"  {line}")
    return differences


class _Attempt:
    """Fills the shadow table and replaces the rows. Each call continues where the last one ended.

    If the answer to a COMMIT was lost, the next call finds out whether it took place.
    """

    def __init__(self, repair: Repair, topic: str, loader: Loader, options: Options) -> None:
        self._repair, self._topic, self._loader, self._options = repair, topic, loader, options
        self._in_doubt: list[str] | None = None

    def __call__(self) -> list[str]:
        # The transaction that replaces the rows also empties the shadow ledger.
        if self._in_doubt is not None and not _begun(self._repair.session, self._topic):
            return self._in_doubt
        _fill(self._repair, self._loader)
        # The first may take long, and the running loader goes on meanwhile. The second has little to do.
        cycle = _fill(self._repair, self._loader)
        found: list[str] = []
        try:
            _replace(self._repair, self._topic, cycle, self._options, found)
        except UnknownOutcome:
            self._in_doubt = found
            raise
        return found


def _prepare(repair: Repair, topic: str, restart: bool) -> None:
    """Makes the shadow tables, and empties the topic's one if the shadow ledger has nothing of the topic."""
    session = repair.session
    for statement in (rebuild_sql.MAKE_LEDGER, rebuild_sql.MAKE_LEASE, rebuild_sql.make_table(topic)):
        session.execute(statement)
    with session.transaction():
        session.execute(rebuild_sql.FILL_LEASE)
    table = TABLES[topic].name
    if restart or columns(session, table) != columns(session, shadow(table)):
        with session.transaction():
            session.execute(rebuild_sql.FORGET, (topic,))
        session.execute(rebuild_sql.drop_table(topic))
        session.execute(rebuild_sql.make_table(topic))
    other = ShadowSession(session)
    with transaction.alone(other, ledger.read(other).fence, repair.new_holder()):
        begun = _begun(session, topic)
        if not begun:
            other.execute(rebuild_sql.empty_table(topic))
            session.execute(rebuild_sql.SEED, (topic, topic))
    if begun:
        repair.tell(f"{topic}: goes on, {begun} objects are rebuilt already")


def _fill(repair: Repair, loader: Loader) -> Cycle:
    """Loads the new objects on S3 into the shadow tables. Raises Different after the last attempt."""

    def attempt() -> Cycle:
        cycle = loader.load_all()
        if cycle.outcome in SUCCESSES:
            return cycle
        if cycle.outcome == "stopped":
            raise Stopped("stopping")
        repair.tell(cycle.fault or cycle.outcome)
        raise _CycleFailed(cycle.fault or f"it cannot be rebuilt: {cycle.outcome}")

    try:
        return retry.call(attempt, FILL_POLICY, retryable=_CycleFailed, wait=repair.wait)
    except _CycleFailed as error:
        raise Different([str(error)]) from None


def _replace(repair: Repair, topic: str, cycle: Cycle, options: Options, found: list[str]) -> None:
    """Compares, and replaces table and ledger, in one transaction that holds both leases.

    So the rows that are compared are the rows that are replaced. Differences are appended to `found`.
    """
    session, other = repair.session, ShadowSession(repair.session)
    rebuilt, state = ledger.read(other), ledger.read(session)
    of_table = columns(session, TABLES[topic].name)
    with transaction.alone(session, state.fence, repair.new_holder()):
        if ledger.take_lease(other, repair.new_holder()) != rebuilt.fence + 1:
            raise Stale
        if shorter := _shorter(topic, state, rebuilt):
            if not cycle.fault:
                # The running loader was faster. The next attempt loads what it has loaded meanwhile.
                raise Stale
            found += [*shorter, cycle.fault]
        repair.go_on()
        found += _differences(session, topic, of_table, state)
        if found and not (options.accept or options.dry_run):
            raise Different(found)
        if not options.dry_run:
            repair.go_on()
            _put_in_place(session, topic, of_table)
        # In the same transaction, so that the next rebuild starts from the beginning.
        session.execute(rebuild_sql.FORGET, (topic,))


def _begun(session: Session, topic: str) -> int:
    """How many objects of the topic the shadow ledger has."""
    return int(session.query(rebuild_sql.COUNT_BEGUN, (topic,))[0]["files"])


def _shorter(topic: str, state: LedgerState, rebuilt: LedgerState) -> list[str]:
    """A sentence for each chain that ends earlier in the shadow ledger than in the ledger."""
    found = []
    for chain, tail in state.tails.items():
        last = rebuilt.tails[chain].last if chain in rebuilt.tails else -1
        if chain.topic == topic and last < tail.last:
            place = f"{chain.topic}/{chain.partition} ({chain.topic_id})"
            found.append(f"{place}: loaded up to {tail.last}, on S3 up to {last} only")
    return found


def _differences(session: Session, topic: str, of: Sequence[Column], state: LedgerState) -> list[str]:
    """Compares ledger and table with their shadows, up to the end of the ledger. A shadow may be longer."""
    other = ShadowSession(session)
    ends = {chain: tail.last for chain, tail in state.tails.items() if chain.topic == topic}
    found = [
        f"{row['object_key']} is in the ledger as {row['status']}"
        f" with offsets {row['first_offset']} to {row['last_offset']}, but not so on S3"
        for row in session.query(rebuild_sql.NOT_REBUILT, (topic, topic))
    ]
    count = rebuild_sql.count_files(len(ends))
    binds = [topic, *(value for chain, last in ends.items() for value in (*chain[1:], last))]
    old, new = session.query(count, binds)[0], other.query(count, binds)[0]
    if old != new:
        found.append(
            f"{topic}: {old['files']} rows of the ledger for {old['objects']} objects,"
            f" {new['files']} for {new['objects']} rebuilt"
        )
    sums = checksum.sums(session, topic, of), checksum.sums(other, topic, of, ends)
    return found + checksum.differences(*sums)


def _put_in_place(session: Session, topic: str, of: Sequence[Column]) -> None:
    session.execute(rebuild_sql.empty_table(topic))
    session.execute(rebuild_sql.fill_table(topic, of))
    session.execute(rebuild_sql.EMPTY_LEDGER, (topic,))
    session.execute(rebuild_sql.FILL_LEDGER, (topic,))


def _drop(session: Session, topic: str) -> None:
    session.execute(rebuild_sql.drop_table(topic))
    if not int(session.query(rebuild_sql.COUNT_LEFT)[0]["files"]):
        session.execute(rebuild_sql.DROP_LEDGER)
        session.execute(rebuild_sql.DROP_LEASE)
