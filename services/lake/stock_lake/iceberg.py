"""The Iceberg tables over the lake's files: by reference, one commit a day.

The manifests decide which files are a day. A commit makes the table's files of the day those of the manifest
that counts. It reads the table first and the manifests after it. So a job that saw less cannot replace what
one that saw more has committed: the catalog refuses a commit on a table that has changed since it was read.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date

import msgspec
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.exceptions import (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.table import Table as IcebergTable

from stock_common import retry
from stock_common.run import Stop
from stock_lake.manifest import ROOT, Manifest
from stock_lake.tables import Table

NAMESPACE = "stocks"
PROPERTIES = {
    # A repeat by the library would put a day on top of what another job has committed, without a look at it.
    "commit.retry.num-retries": "0",
    "commit.manifest-merge.enabled": "true",
}
COMMITS = retry.Policy(first=0.05, longest=1.0, attempts=10)
"""Other jobs may win so many commits before ours is given up."""


class NotCommitted(Exception):
    """Other jobs won each commit. The next run tries again."""


def catalog(uri: str, bucket: str, endpoint: str | None, region: str) -> Catalog:
    """The SQL catalog at a database's address, as SQLAlchemy writes it."""
    properties = {"type": "sql", "uri": uri, "warehouse": f"s3://{bucket}/{ROOT}", "s3.region": region}
    if endpoint:
        properties["s3.endpoint"] = endpoint
    return load_catalog("lake", **properties)


class Tables:
    """The tables of the namespace `stocks`, made when they are first needed."""

    def __init__(self, catalog: Catalog, bucket: str) -> None:
        self._catalog = catalog
        self._bucket = bucket

    def days(self, table: Table) -> dict[date, set[str]]:
        """The keys of the files of each day that the table has."""
        found: dict[date, set[str]] = {}
        for task in self._load(table).scan().plan_files():
            key = self._key(task.file.file_path)
            found.setdefault(_day(key), set()).add(key)
        return found

    def commit(self, table: Table, day: date, counts: Callable[[], Manifest | None]) -> bool:
        """Makes the day's files those of the manifest that counts. True if something was to do.

        `counts` reads the manifests. Raises NotCommitted.
        """
        try:
            return retry.call(
                lambda: self._commit(table, day, counts),
                COMMITS,
                retryable=CommitFailedException,
                wait=Stop().wait,
            )
        except CommitFailedException:
            raise NotCommitted(
                f"{table.name} of {day}: other jobs won {COMMITS.attempts} commits. The next run tries again."
            ) from None

    def _commit(self, table: Table, day: date, counts: Callable[[], Manifest | None]) -> bool:
        loaded = self._load(table)
        has = {self._key(task.file.file_path) for task in loaded.scan(_of(day)).plan_files()}
        wanted = counts()
        if wanted is None or has == {each.key for each in wanted.files}:
            return False
        self._replace(loaded, bool(has), wanted)
        return True

    def _replace(self, loaded: IcebergTable, has_files: bool, wanted: Manifest) -> None:
        summary = _summary(wanted)
        with loaded.transaction() as transaction:
            if has_files:
                transaction.delete(_of(wanted.day), snapshot_properties=summary)
            if wanted.files:
                paths = [f"s3://{self._bucket}/{each.key}" for each in wanted.files]
                transaction.add_files(paths, snapshot_properties=summary)

    def _load(self, table: Table) -> IcebergTable:
        """The table, with the columns and properties of this version."""
        name = (NAMESPACE, table.name)
        try:
            loaded = self._catalog.load_table(name)
        except NoSuchTableError:
            loaded = self._make(table)
        if {*table.schema.names} - {field.name for field in loaded.schema().fields}:
            with loaded.update_schema() as update:
                update.union_by_name(table.schema)
        if not PROPERTIES.items() <= loaded.properties.items():
            with loaded.transaction() as transaction:
                transaction.set_properties(PROPERTIES)
        return loaded

    def _make(self, table: Table) -> IcebergTable:
        place = f"s3://{self._bucket}/{ROOT}{table.name}"
        with suppress(NamespaceAlreadyExistsError):
            self._catalog.create_namespace(NAMESPACE)
        try:
            return self._catalog.create_table(
                (NAMESPACE, table.name), table.schema, location=place, properties=PROPERTIES
            )
        except TableAlreadyExistsError:
            return self._catalog.load_table((NAMESPACE, table.name))

    def _key(self, path: str) -> str:
        return path.removeprefix(f"s3://{self._bucket}/")


def _of(day: date) -> str:
    """The rows of the day, as a filter."""
    return f"day = '{day.isoformat()}'"


def _day(key: str) -> date:
    return date.fromisoformat(key.split("/day=")[1].partition("/")[0])


def _summary(wanted: Manifest) -> dict[str, str]:
    """What the snapshot says of the day. Ranges are `topic id/partition:first-last`."""
    ranges = [f"{each.chain}:{each.first}-{each.last}" for each in wanted.ranges]
    return {
        "stock.day": wanted.day.isoformat(),
        "stock.manifest": wanted.key,
        "stock.ranges": msgspec.json.encode(ranges).decode(),
        "stock.rows-in": str(wanted.rows_in),
        "stock.rows-out": str(wanted.rows_out),
        "stock.resent": str(wanted.resent),
    }
