"""The loader's state for the topic `stock-status`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from stock_common import keys
from stock_common.domain import END_INSTANT
from stock_common.ledger import TABLES
from stock_common.status import Loaded, LoaderStatus
from stock_objects.chain import Chain
from stock_sf_loader.load.cycle import Cycle
from stock_sf_loader.load.ledger import LedgerState, Session, Tail

FAULT_LENGTH = 1000
NEWEST = """\
SELECT KAFKA_TOPIC_ID, KAFKA_PARTITION, MAX(KAFKA_TIME) AS KAFKA_TIME FROM {}
WHERE KAFKA_TIME >= ? AND KAFKA_TIME < ? GROUP BY KAFKA_TOPIC_ID, KAFKA_PARTITION"""
SKEW = timedelta(days=1)
"""A record's broker time may be earlier than its object's hour by this much, as brokers' clocks differ."""


class StatusReport:
    """Builds statuses. It remembers the last ledger, so that an outage does not blank them."""

    def __init__(self, interval_seconds: float, now: Callable[[], datetime]) -> None:
        self._interval = interval_seconds
        self._now = now
        self._loads = 0
        self._state: LedgerState | None = None
        self._times: dict[Chain, datetime] = {}
        self._waited: float | None = None
        self._day: date | None = None
        self._day_began_at = 0.0

    def update(self, session: Session, state: LedgerState | None, cycle: Cycle) -> None:
        """Takes the result of a cycle, and reads the newest record times of the tables that it loaded.

        The first time it reads those of all tables. Raises WarehouseError.
        """
        self._loads += cycle.transactions
        is_first = self._state is None
        if state is None:
            return
        self._state = state
        copied = [entry for entry in cycle.entries if entry.is_copied]
        if copied and (loaded_at := last_load(state)):
            self._waited = max(0.0, (loaded_at - min(entry.modified for entry in copied)).total_seconds())
        for topic in TABLES if is_first else {entry.chain.topic for entry in copied}:
            self._times |= newest(session, topic, state)

    def status(self, statement_seconds: float, fault: str | None) -> LoaderStatus:
        """The status now. `statement_seconds` is the session's counter since the start."""
        now = self._now()
        if now.date() != self._day:
            self._day_began_at = 0.0 if self._day is None else statement_seconds
            self._day = now.date()
        state = self._state or LedgerState({}, frozenset())
        return LoaderStatus(
            at=now,
            loads=self._loads,
            loaded_at=last_load(state),
            interval_seconds=self._interval,
            partitions=[self._loaded(chain, tail) for chain, tail in sorted(state.tails.items())],
            quarantined=state.quarantined,
            warehouse_seconds_today=round(statement_seconds - self._day_began_at, 3),
            waited_seconds=self._waited,
            fault=fault[:FAULT_LENGTH] if fault else None,
        )

    def _loaded(self, chain: Chain, tail: Tail) -> Loaded:
        return Loaded(
            **chain._asdict(),
            last_offset=tail.last,
            rows=tail.rows,
            last_kafka_time=self._times.get(chain),
        )


def last_load(state: LedgerState) -> datetime | None:
    """When something was last loaded, None when nothing was."""
    return max((tail.loaded_at for tail in state.tails.values() if tail.loaded_at), default=None)


def newest(session: Session, topic: str, state: LedgerState) -> dict[Chain, datetime]:
    """Chain → the newest broker time in the topic's table, of records since SKEW before the last hour."""
    tails = [tail.key for chain, tail in state.tails.items() if chain.topic == topic]
    hours = [keys.parse(key).hour for key in tails if keys.is_link(key)]
    if not hours:
        return {}
    rows = session.query(NEWEST.format(TABLES[topic].name), (max(hours) - SKEW, END_INSTANT))
    return {
        Chain(topic, row["kafka_topic_id"], int(row["kafka_partition"])): row["kafka_time"] for row in rows
    }
