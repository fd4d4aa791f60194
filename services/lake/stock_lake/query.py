"""A DuckDB connection with the views: closed days from the lake, everything after them from the chains.

What the manifests say is in the lake is read there, and every other link from its chain. So no row comes
twice and none is left out, whatever the job is doing meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow.fs import FileSystem, S3FileSystem

from stock_common import keys
from stock_common.links import Link
from stock_common.settings import load
from stock_lake import links, manifest, views
from stock_lake.config import LakeSettings
from stock_lake.manifest import Manifest
from stock_lake.tables import TABLES, Table
from stock_objects.chain import chains
from stock_objects.store import ObjectStore


class Bucket(links.Bucket, manifest.Bucket, Protocol):
    """What a question needs of a store."""


class Parts(NamedTuple):
    """Where the rows of a table are: files of the lake, and links that are in none of them."""

    files: list[str]
    links: list[Link]


def connect(
    settings: LakeSettings | None = None,
    *,
    as_of: datetime | None = None,
    closed: bool = False,
    tables: Collection[Table] = TABLES,
) -> duckdb.DuckDBPyConnection:
    """A connection with the views of ANALYTICS, and the tables RAW.STOCK_… under them. Close it after use.

    settings: from the environment, where none are given.
    as_of: an instant with an offset. Only what the pipeline knew then is shown.
    closed: only the days that are in the lake. The links of today are not read, which may be thousands.
    tables: the tables that are needed. The others are empty.

    Raises BrokenChain where a chain cannot be read, and what the store raises.
    """
    settings = settings or load(LakeSettings)
    bucket, place = ObjectStore(settings), file_system(settings)
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'; CREATE SCHEMA RAW; CREATE SCHEMA ANALYTICS;")
    for table in TABLES:
        parts = parts_of(bucket, table, closed) if table in tables else Parts([], [])
        paths = [f"{settings.s3_bucket}/{key}" for key in parts.files]
        stored = (
            ds.dataset(paths, table.schema, format="parquet", filesystem=place) if paths else _none(table)
        )
        rows = list(links.read_rows(bucket, (each for each in parts.links if each.rows), table))
        recent = pa.concat_tables([table.linked.empty_table(), *rows])
        add(connection, table, stored, recent, as_of)
    connection.execute(views.statements(as_of))
    connection.execute("SET search_path = 'ANALYTICS,RAW'")
    return connection


def file_system(settings: LakeSettings) -> FileSystem:
    """The bucket, as Arrow reads it. Credentials come from the usual AWS chain."""
    address = urlsplit(settings.s3_endpoint_url or "")
    if not address.netloc:
        return S3FileSystem(region=settings.aws_region)
    return S3FileSystem(
        region=settings.aws_region, endpoint_override=address.netloc, scheme=address.scheme or "https"
    )


def parts_of(bucket: Bucket, table: Table, closed: bool) -> Parts:
    """The files of the lake, and unless `closed` the links that they do not hold. Raises BrokenChain."""
    held = manifest.current(bucket, table.name)
    found = [file.key for each in held.values() for file in each.files]
    return Parts(found, [] if closed else _after(bucket, table, held))


def _after(bucket: Bucket, table: Table, held: dict) -> list[Link]:
    """The links that no manifest holds."""
    ends = held[max(held)].ends if held else {}
    found = []
    for chain in chains(bucket, table.topic.name):
        end = ends.get(manifest.chain_name(chain.topic_id, chain.partition))
        after = links.read_links(bucket, [*([end] if end else []), *links.keys_of(bucket, chain.prefix, end)])
        links.check_order(after)
        found += [link for link in after if not _is_held(held.get(link.key.hour.date()), link.key)]
    return found


def _is_held(day: Manifest | None, key: keys.ObjectKey) -> bool:
    return day is not None and day.holds(key)


def _none(table: Table) -> pa.Table:
    return table.schema.empty_table()


def add(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    stored: ds.Dataset | pa.Table,
    recent: pa.Table,
    as_of: datetime | None,
) -> None:
    """Makes the table of RAW out of the two parts."""
    connection.register(f"lake_{table.name}", stored)
    connection.register(f"chain_{table.name}", recent)
    names = ", ".join(f'"{name}"' for name in table.linked.names)
    instant = f"TIMESTAMPTZ '{as_of.isoformat()}'" if as_of else ""
    known = f" WHERE kafka_time <= {instant} AND {table.known} <= {instant}" if as_of else ""
    parts = " UNION ALL ".join(
        f"SELECT {names} FROM {part}_{table.name}{known}" for part in ("lake", "chain")
    )
    connection.execute(f"CREATE VIEW RAW.STOCK_{table.name.upper()} AS {parts}")
