"""The loader's state for the topic `stock-status`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from stock_common import keys
from stock_common.status import Loaded, LoaderStatus
from stock_objects.chain import Chain
from stock_sf_loader.copy_into import TABLES
from stock_sf_loader.ledger import LedgerState, Session
from stock_sf_loader.loader import Cycle

FAULT_LENGTH = 1000
NEWEST = (
    "SELECT KAFKA_TOPIC_ID, KAFKA_PARTITION, MAX(KAFKA_TIME) AS KAFKA_TIME FROM {} WHERE KAFKA_TIME >= ? GROUP BY KAFKA_TOPIC_ID, KAFKA_PARTITION"
)
SKEW = timedelta(days=1)
"""A record's broker time may lie before its object's hour by the skew of brokers' clocks; no more than this is looked for."""


class Report:
    """Builds statuses; remembers the last ledger, so that an outage does not blank it."""

    def __init__(self, interval_seconds: float, now: Callable[[], datetime]) -> None:
        self._interval = interval_seconds
        self._now = now
        self._loads = 0
        self._state: LedgerState | None = None
        self._times: dict[Chain, datetime] = {}
        self._waited: float | None = None
        self._day: date | None = None
        self._day_began_at = 0.0

    def renew(self, session: Session, state: LedgerState | None, cycle: Cycle) -> None:
        """Takes a cycle's result, and asks the newest record times of the tables that it loaded (of all, the first time). Raises WarehouseError."""
        self._loads += cycle.transactions
        first = self._state is None
        if state is None:
            return
        self._state = state
        copied = [entry for entry in cycle.entries if entry.is_copied]
        if copied and (loaded_at := self._loaded_at()):
            self._waited = max(0.0, (loaded_at - min(entry.modified for entry in copied)).total_seconds())
        wanted = {entry.chain.topic for entry in copied}
        for topic in TABLES if first else wanted:
            self._times |= newest(session, topic, state)

    def status(self, statement_seconds: float, fault: str | None) -> LoaderStatus:
        """`statement_seconds` is the session's counter since the start."""
        now = self._now()
        if now.date() != self._day:
            self._day_began_at = 0.0 if self._day is None else statement_seconds
            self._day = now.date()
        tails = self._state.tails if self._state else {}
        return LoaderStatus(
            at=now,
            loads=self._loads,
            loaded_at=self._loaded_at(),
            interval_seconds=self._interval,
            partitions=[
                Loaded(**chain._asdict(), last_offset=tail.last, rows=tail.rows, last_kafka_time=self._times.get(chain))
                for chain, tail in sorted(tails.items())
            ],
            quarantined=self._state.quarantined if self._state else 0,
            warehouse_seconds_today=round(statement_seconds - self._day_began_at, 3),
            waited_seconds=self._waited,
            fault=fault[:FAULT_LENGTH] if fault else None,
        )

    def _loaded_at(self) -> datetime | None:
        tails = self._state.tails if self._state else {}
        return max((tail.loaded_at for tail in tails.values() if tail.loaded_at), default=None)


def newest(session: Session, topic: str, state: LedgerState) -> dict[Chain, datetime]:
    """The newest broker time in `topic`'s table of each chain that got records of late: since a day before the newest object's hour."""
    hours: Sequence[datetime] = [keys.parse(tail.key).hour for chain, tail in state.tails.items() if chain.topic == topic]
    if not hours:
        return {}
    rows = session.query(NEWEST.format(TABLES[topic]), (max(hours) - SKEW,))
    return {Chain(topic, row["kafka_topic_id"], int(row["kafka_partition"])): row["kafka_time"] for row in rows}
