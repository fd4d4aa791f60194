"""The Iceberg table on a real S3 server: each day exactly once, whoever is killed or second."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from chains import DAY, NEXT, OPEN, Chains, quote
from pyiceberg.catalog import Catalog

from stock_lake import iceberg, manifest
from stock_lake.config import LakeSettings
from stock_lake.days import DayJob
from stock_lake.iceberg import Tables
from stock_lake.tables import QUOTES
from stock_objects.store import ObjectStore

TOMORROW = OPEN + timedelta(days=1)


@pytest.fixture
def catalog(settings: LakeSettings) -> Iterator[Catalog]:
    made = iceberg.catalog(settings.catalog_uri, settings.s3_bucket, settings.s3_endpoint_url, "us-east-1")
    yield made
    made.close()


@pytest.fixture
def tables(catalog: Catalog, settings: LakeSettings) -> Tables:
    return Tables(catalog, settings.s3_bucket)


@pytest.fixture
def chains(real: ObjectStore) -> Chains:
    return Chains(real)


@pytest.fixture
def job(real: ObjectStore, tmp_path: Path) -> DayJob:
    return DayJob(real, QUOTES, tmp_path, lambda: True)


def rows(catalog: Catalog) -> pa.Table:
    return catalog.load_table("stocks.quotes").scan().to_arrow()


def commit(tables: Tables, real: ObjectStore, day=DAY) -> bool:
    return tables.commit(QUOTES, day, lambda: manifest.of_day(real, "quotes", day))


def test_a_day_is_one_commit(
    tables: Tables, catalog: Catalog, real: ObjectStore, chains: Chains, job: DayJob
) -> None:
    chains.link([quote(0), quote(1), quote(1)])
    made = job.make(DAY, {})
    assert commit(tables, real) and not commit(tables, real)
    assert rows(catalog).column("kafka_offset").to_pylist() == [0, 1]
    table = catalog.load_table("stocks.quotes")
    [snapshot] = table.snapshots()
    summary = snapshot.summary
    assert summary is not None
    assert summary["stock.manifest"] == made.key
    assert summary["stock.ranges"] == f'["{"0123456789abcdef" * 2}/0:0-2"]'
    assert (summary["stock.rows-in"], summary["stock.rows-out"], summary["stock.resent"]) == ("3", "2", "1")
    assert tables.days(QUOTES) == {DAY: {made.files[0].key}}


def test_a_day_that_grew_is_replaced(
    tables: Tables, catalog: Catalog, real: ObjectStore, chains: Chains, job: DayJob
) -> None:
    chains.link([quote(0)])
    job.make(DAY, {})
    chains.link([quote(0, at=TOMORROW)], at=TOMORROW, partition=1)
    job.make(NEXT, {})
    assert commit(tables, real) and commit(tables, real, NEXT)
    chains.link([quote(5)])
    job.make(DAY, {})
    assert commit(tables, real)
    assert sorted(rows(catalog).column("fetched_at").to_pylist()) == [
        OPEN, OPEN + timedelta(seconds=5), TOMORROW,
    ]  # fmt: skip


def test_of_two_jobs_at_once_the_one_that_saw_less_replaces_nothing(
    tables: Tables, catalog: Catalog, real: ObjectStore, chains: Chains, job: DayJob, settings: LakeSettings
) -> None:
    """The other job puts and commits while this one is between reading and commit."""
    chains.link([quote(0)])
    job.make(DAY, {})
    other = Tables(catalog, settings.s3_bucket)
    looks = 0

    def counts() -> manifest.Manifest | None:
        nonlocal looks
        looks += 1
        seen = manifest.of_day(real, "quotes", DAY)
        if looks == 1:
            chains.link([quote(5)])
            job.make(DAY, {})
            assert commit(other, real)
        return seen

    assert not tables.commit(QUOTES, DAY, counts)
    assert looks == 2
    assert rows(catalog).column("kafka_offset").to_pylist() == [0, 1]


def test_a_catalog_that_was_lost_is_filled_again(
    catalog: Catalog, real: ObjectStore, chains: Chains, job: DayJob, settings: LakeSettings, tmp_path: Path
) -> None:
    chains.link([quote(0)])
    job.make(DAY, {})
    assert commit(Tables(catalog, settings.s3_bucket), real)
    uri = f"sqlite:///{tmp_path}/new.db"
    new = iceberg.catalog(uri, settings.s3_bucket, settings.s3_endpoint_url, "us-east-1")
    assert commit(Tables(new, settings.s3_bucket), real)
    assert rows(new).column("kafka_offset").to_pylist() == [0]
    new.close()


def test_a_column_that_is_added_is_added_to_the_table(
    tables: Tables, catalog: Catalog, real: ObjectStore, chains: Chains, job: DayJob
) -> None:
    fewer = pa.schema([field for field in QUOTES.schema if field.name != "session"])
    catalog.create_namespace("stocks")
    catalog.create_table("stocks.quotes", fewer)
    chains.link([quote(0, session="regular")])
    job.make(DAY, {})
    assert commit(tables, real)
    assert rows(catalog).column("session").to_pylist() == ["regular"]
