"""One run over a table: the days that are closed and not in the lake are made, in order, and committed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

from stock_lake import days, manifest
from stock_lake.days import Bucket, DayJob
from stock_lake.iceberg import Tables
from stock_lake.manifest import Manifest
from stock_lake.tables import Table


class Lake:
    """The days of the lake and the Iceberg tables over them.

    `scratch` has room for the rows of one day. `go_on` is called between objects: False ends the run.
    """

    def __init__(self, bucket: Bucket, tables: Tables, scratch: Path, go_on: Callable[[], bool]) -> None:
        self._bucket = bucket
        self._tables = tables
        self._scratch = scratch
        self._go_on = go_on
        self._compared: set[str] = set()

    def run(self, table: Table, closed: date) -> Iterator[Manifest]:
        """Makes the days up to `closed`, included, and yields the manifest of each when it is committed.

        A day that cannot be made ends the run: the days after it wait, so that the lake holds each chain
        without a gap. Raises BrokenChain, NotCommitted, NotNow, and what the store and the catalog raise.
        """
        self._compare(table)
        plan = days.plan(self._bucket, table, closed)
        ends = plan.ends
        job = DayJob(self._bucket, table, self._scratch, self._go_on)
        for day in plan.days:
            made = job.make(day, ends)
            ends = {**ends, **made.ends}
            self._commit(table, day)
            yield made

    def _compare(self, table: Table) -> None:
        """Commits what a killed run, or a lost catalog, left out. Done once, and after each failure."""
        if table.name in self._compared:
            return
        has = self._tables.days(table)
        for day, made in manifest.current(self._bucket, table.name).items():
            if has.get(day, set()) != {file.key for file in made.files}:
                self._commit(table, day)
        self._compared.add(table.name)

    def _commit(self, table: Table, day: date) -> None:
        self._compared.discard(table.name)
        self._tables.commit(table, day, lambda: manifest.of_day(self._bucket, table.name, day))
        self._compared.add(table.name)


def last_closed(now: datetime, settle_seconds: float) -> date:
    """The last day (UTC) that ended at least so long ago. `now` is aware, in UTC."""
    return (now - timedelta(seconds=settle_seconds)).date() - timedelta(days=1)
