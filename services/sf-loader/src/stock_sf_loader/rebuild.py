"""Every table again from S3: into a table beside it, compared, and put in its place.

The tables are filled by a loader like any other, with a ledger and a lease of their own beside RAW's: so filling is exactly once too, can be
killed at any line and goes on where it was. Putting it in place is one transaction of DML under the lease, not ALTER TABLE … SWAP WITH: that is
DDL, commits by itself, and would let go of the lease between the table and its ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from stock_sf_loader import checksum, ledger, marks, rebuild_sql, transaction
from stock_sf_loader.beside import Beside, beside
from stock_sf_loader.checksum import Column
from stock_sf_loader.copy_into import TABLES
from stock_sf_loader.ledger import LedgerState, Session
from stock_sf_loader.loader import Cycle, Loader
from stock_sf_loader.repair import Repair
from stock_sf_loader.suspects import Suspects
from stock_sf_loader.transaction import Stale, Stopped
from stock_warehouse.errors import UnknownOutcome

CYCLES = 8
"""More than a bad file needs until it is given up."""
NewLoader = Callable[[Session, str, Suspects], Loader]
"""Makes a loader of one topic on a session."""


class Different(Exception):
    """What was rebuilt is not what is there. `differences` are for a person; nothing was replaced."""

    def __init__(self, differences: Sequence[str]) -> None:
        super().__init__("; ".join(differences))
        self.differences = list(differences)


class Options(NamedTuple):
    """`dry_run`: compare only. `accept`: put in place what differs too. `restart`: forget what an earlier run has rebuilt."""

    dry_run: bool = False
    accept: bool = False
    restart: bool = False


def rebuild(repair: Repair, topics: Sequence[str], new_loader: NewLoader, options: Options) -> list[str]:
    """Rebuilds the tables of `topics`, one after the other, and returns the differences that were found.

    Where there are any the table stays as it is (but for `accept`), and what was rebuilt stays beside it to be looked at. Killed, it goes on
    where it was when it is run again. The loader may run meanwhile. Raises what a session, a bucket or `go_on` raises.
    """
    found = []
    for topic in topics:
        repair.again(lambda topic=topic: _prepare(repair, topic, options.restart))
        known = {entry.key: entry.reason or "quarantined before" for entry in repair.again(lambda: marks.quarantined(repair.session))}
        loader = new_loader(Beside(repair.session), topic, Suspects(known))
        try:
            differences = repair.again(_Attempt(repair, topic, loader, options))
        except Different as error:
            differences = error.differences
            repair.tell(f"{topic}: not replaced, for it differs; what was rebuilt is in {beside(TABLES[topic])}")
        else:
            repair.again(lambda topic=topic: _clean(repair.session, topic))
            repair.tell(f"{topic}: {'compared' if options.dry_run else 'replaced'}, {'it differs' if differences else 'it is equal'}")
        for line in differences:
            repair.tell(f"  {line}")
        found += differences
    return found


class _Attempt:
    """Fills and replaces; called again, it goes on, and knows whether the call before was through although no answer came."""

    def __init__(self, repair: Repair, topic: str, loader: Loader, options: Options) -> None:
        self._repair, self._topic, self._loader, self._options = repair, topic, loader, options
        self._in_doubt: list[str] | None = None

    def __call__(self) -> list[str]:
        if self._in_doubt is not None and not _begun(self._repair.session, self._topic):
            return self._in_doubt
        cycle = _fill(self._repair, self._loader)
        found: list[str] = []
        try:
            _replace(self._repair, self._topic, cycle, self._options, found)
        except UnknownOutcome:
            self._in_doubt = found
            raise
        return found


def _prepare(repair: Repair, topic: str, restart: bool) -> None:
    """Makes the tables beside. The ledger beside says what is in the table beside; with nothing of the topic in it, the table is emptied."""
    session = repair.session
    for statement in (rebuild_sql.MAKE_LEDGER, rebuild_sql.MAKE_LEASE, rebuild_sql.make_table(topic)):
        session.execute(statement)
    with session.transaction():
        session.execute(rebuild_sql.FILL_LEASE)
    if restart or checksum.columns(session, TABLES[topic]) != checksum.columns(session, beside(TABLES[topic])):
        with session.transaction():
            session.execute(rebuild_sql.FORGET, (topic,))
        session.execute(rebuild_sql.drop_table(topic))
        session.execute(rebuild_sql.make_table(topic))
    other = Beside(session)
    with transaction.alone(other, ledger.read(other).fence, repair.new_holder()):
        begun = _begun(session, topic)
        if not begun:
            other.execute(rebuild_sql.empty_table(topic))
            session.execute(rebuild_sql.SEED, (topic, topic))
    if begun:
        repair.tell(f"{topic}: goes on, {begun} objects are rebuilt already")


def _fill(repair: Repair, loader: Loader) -> Cycle:
    """Loads what is new on S3 into the tables beside."""
    for count in range(CYCLES):
        cycle = loader.cycle()
        if cycle.outcome in ("loaded", "idle"):
            return cycle
        if cycle.outcome == "stopped":
            raise Stopped("stopping")
        repair.tell(cycle.fault or cycle.outcome)
        if count == CYCLES - 1:
            raise Different([cycle.fault or f"it cannot be rebuilt: {cycle.outcome}"])
        if cycle.outcome != "refused":
            repair.pause(1.0)
        repair.go_on()
    raise AssertionError("unreachable")


def _replace(repair: Repair, topic: str, cycle: Cycle, options: Options, found: list[str]) -> None:
    """Compares, and puts table and ledger in place, in one transaction under both leases: what is compared is what is replaced.

    What differs goes into `found`.
    """
    session, other = repair.session, Beside(repair.session)
    state, rebuilt = ledger.read(session), ledger.read(other)
    columns = checksum.columns(session, TABLES[topic])
    with transaction.alone(session, state.fence, repair.new_holder()):
        if ledger.take_lease(other, repair.new_holder()) != rebuilt.fence + 1:
            raise Stale
        if behind := _behind(topic, state, rebuilt):
            if not cycle.fault:
                # The loader was ahead: once more, with what it has loaded meanwhile.
                raise Stale
            found += [*behind, cycle.fault]
        repair.go_on()
        found += _differences(session, topic, columns, state)
        if found and not (options.accept or options.dry_run):
            raise Different(found)
        if not options.dry_run:
            repair.go_on()
            _put_in_place(session, topic, columns)
        # In the same transaction: whoever comes next begins anew.
        session.execute(rebuild_sql.FORGET, (topic,))


def _begun(session: Session, topic: str) -> int:
    """How many objects of the topic the ledger beside has."""
    return int(session.query(rebuild_sql.COUNT_BEGUN, (topic,))[0]["files"])


def _behind(topic: str, state: LedgerState, rebuilt: LedgerState) -> list[str]:
    found = []
    for chain, tail in state.tails.items():
        last = rebuilt.tails[chain].last if chain in rebuilt.tails else -1
        if chain.topic == topic and last < tail.last:
            found.append(f"{chain.topic}/{chain.partition} ({chain.topic_id}): loaded up to {tail.last}, on S3 up to {last} only")
    return found


def _differences(session: Session, topic: str, columns: Sequence[Column], state: LedgerState) -> list[str]:
    """The ledger and the whole table against what was rebuilt up to where the ledger ends; this may be ahead of it."""
    other = Beside(session)
    ends = {chain: tail.last for chain, tail in state.tails.items() if chain.topic == topic}
    found = [
        f"{row['object_key']} is in the ledger as {row['status']} with offsets {row['first_offset']} to {row['last_offset']}, but not so on S3"
        for row in session.query(rebuild_sql.NOT_REBUILT, (topic, topic))
    ]
    count, binds = rebuild_sql.count_files(len(ends)), [topic, *(value for chain, last in ends.items() for value in (*chain[1:], last))]
    old, new = session.query(count, binds)[0], other.query(count, binds)[0]
    if old != new:
        found.append(f"{topic}: {old['files']} rows of the ledger for {old['objects']} objects, {new['files']} for {new['objects']} rebuilt")
    return found + checksum.differences(checksum.sums(session, topic, columns), checksum.sums(other, topic, columns, ends))


def _put_in_place(session: Session, topic: str, columns: Sequence[Column]) -> None:
    session.execute(rebuild_sql.empty_table(topic))
    session.execute(rebuild_sql.fill_table(topic, columns))
    session.execute(rebuild_sql.EMPTY_LEDGER, (topic,))
    session.execute(rebuild_sql.FILL_LEDGER, (topic,))


def _clean(session: Session, topic: str) -> None:
    session.execute(rebuild_sql.drop_table(topic))
    if not int(session.query(rebuild_sql.COUNT_LEFT)[0]["files"]):
        session.execute(rebuild_sql.DROP_LEDGER)
        session.execute(rebuild_sql.DROP_LEASE)
