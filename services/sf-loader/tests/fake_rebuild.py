"""The fake's answers to the statements of the rebuild. Its tables have the columns that every table has."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from fake_data import Data
from fake_repairs import change, cut, learn, table_of
from fake_snowflake import WORK, Cursor

from stock_common.ledger import TABLES
from stock_sf_loader import columns
from stock_sf_loader.repair import rebuild_sql

COLUMNS = (
    ("KAFKA_TOPIC_ID", "TEXT", None),
    ("KAFKA_PARTITION", "NUMBER", 0),
    ("KAFKA_OFFSET", "NUMBER", 0),
    ("LOADED_AT", "TIMESTAMP_LTZ", None),
)
COMPARED = ("key", "chain", "first", "last", "rows", "rejected", "holes", "lost", "etag", "status")


def nothing(cursor: Cursor, *_: Any) -> None:
    cursor.rowcount = 0


def define(cursor: Cursor, sql: str, _: Any) -> None:
    """CREATE and DROP commit what is open: they have no place in a transaction."""
    assert cursor.connection.work is None
    if sql.startswith("DROP"):
        assert "_REBUILD" in sql
        change(cursor, sql, lambda data: drop(data, sql))
        cursor.connection.commit()


def drop(data: Data, sql: str) -> int:
    for table, rows in data.rows.items():
        if table in sql:
            rows.clear()
    if "LOADED_FILES" in sql:
        data.ledger.clear()
    return 0


def read_columns(cursor: Cursor, *_: Any) -> None:
    cursor.rows = [
        {"COLUMN_NAME": name, "DATA_TYPE": kind, "NUMERIC_SCALE": scale} for name, kind, scale in COLUMNS
    ]


def count_begun(cursor: Cursor, sql: str, params: Any) -> None:
    cursor.rows = [
        {"FILES": sum(row["chain"][0] == params[0] for row in cursor.connection.seen().of(sql).ledger)}
    ]


def count_left(cursor: Cursor, sql: str, _: Any) -> None:
    cursor.rows = [{"FILES": len(cursor.connection.seen().of(sql).ledger)}]


def forget(cursor: Cursor, sql: str, params: Any) -> None:
    change(cursor, sql, lambda data: cut(data.ledger, lambda row: row["chain"][0] == params[0]))


def seed(cursor: Cursor, _: str, params: Any) -> None:
    def make(data: Data) -> int:
        assert data.beside
        ends: dict[tuple[Any, ...], int] = {}
        for row in data.ledger:
            if row["status"] == "pruned":
                ends[row["chain"]] = max(ends.get(row["chain"], -1), row["last"])
        rows = [
            row
            for row in data.ledger
            if row["chain"][0] == params[0]
            and (row["last"] is None or row["last"] <= ends.get(row["chain"], -1))
        ]
        data.beside.ledger.extend(deepcopy(rows))
        return len(rows)

    change(cursor, "", make)


def not_rebuilt(cursor: Cursor, _: str, params: Any) -> None:
    data = cursor.connection.seen()
    assert data.beside
    new = {tuple(row[name] for name in COMPARED) for row in data.beside.ledger}
    rows = [row for row in data.ledger if row["chain"][0] == params[0] and row["last"] is not None]
    missing = [row for row in rows if tuple(row[name] for name in COMPARED) not in new]
    names = {"key": "OBJECT_KEY", "status": "STATUS", "first": "FIRST_OFFSET", "last": "LAST_OFFSET"}
    cursor.rows = [{shown: row[name] for name, shown in names.items()} for row in missing[:5]]


def ends_of(topic: str, params: Any) -> dict[str, int]:
    return {
        f"raw/{topic}/{params[at]}/partition={params[at + 1]:05d}/": params[at + 2]
        for at in range(0, len(params), 3)
    }


def count_files(cursor: Cursor, sql: str, params: Any) -> None:
    topic, ends = params[0], ends_of(params[0], params[1:])
    rows = [
        row
        for row in cursor.connection.seen().of(sql).ledger
        if row["chain"][0] == topic and row["last"] is not None
    ]
    keys = [row["key"] for row in rows if row["last"] <= ends.get(row["key"].partition("dt=")[0], -1)]
    cursor.rows = [{"FILES": len(keys), "OBJECTS": len(set(keys))}]


def sums(cursor: Cursor, sql: str, params: Any) -> None:
    table = sql.partition("FROM RAW.")[2].split()[0].removesuffix("_REBUILD")
    topic = next(topic for topic, known in TABLES.items() if known.name == f"RAW.{table}")
    ends = ends_of(topic, params or ()) if "WHERE" in sql else None
    chains: dict[str, list[int]] = {}
    for key, offset in cursor.connection.seen().of(sql).rows[table]:
        prefix = key.partition("dt=")[0]
        if ends is None or offset <= ends.get(prefix, -1):
            chains.setdefault(prefix, []).append(offset)
    cursor.rows = [
        {
            "KAFKA_TOPIC_ID": prefix.split("/")[2],
            "KAFKA_PARTITION": int(prefix.split("/")[3].removeprefix("partition=")),
            "ROW_COUNT": len(held),
            "OFFSETS": len(set(held)),
            "KAFKA_OFFSET_SUM": sum(held),
        }
        for prefix, held in chains.items()
    ]


def select(cursor: Cursor, sql: str, params: Any) -> None:
    if "_SUM" in sql:
        sums(cursor, sql, params)
    elif "OBJECTS" in sql:
        count_files(cursor, sql, params)
    else:
        newest(cursor, sql, params)


def empty_table(cursor: Cursor, sql: str, _: Any) -> None:
    _, table = table_of(sql)
    change(cursor, sql, lambda data: cut(data.rows[table], lambda _: True))


def fill_table(cursor: Cursor, sql: str, _: Any) -> None:
    table = sql.split()[2].removeprefix("RAW.")

    def make(data: Data) -> int:
        assert data.beside
        data.rows[table].extend(data.beside.rows[table])
        return 0

    change(cursor, "", make)


def empty_ledger(cursor: Cursor, sql: str, params: Any) -> None:
    change(
        cursor,
        sql,
        lambda data: cut(data.ledger, lambda row: row["chain"][0] == params[0] and row["last"] is not None),
    )


def fill_ledger(cursor: Cursor, _: str, params: Any) -> None:
    def make(data: Data) -> int:
        assert data.beside
        data.ledger.extend(
            deepcopy(
                [
                    row
                    for row in data.beside.ledger
                    if row["chain"][0] == params[0] and row["last"] is not None
                ]
            )
        )
        return 0

    change(cursor, "", make)


newest = WORK["SELECT"]
WORK |= {"CREATE": define, "DROP": define, "SELECT": select, "INSERT": fill_table}
learn(rebuild_sql.FILL_LEASE, "FILL_LEASE", nothing)
learn(columns.READ_COLUMNS, "READ_COLUMNS", read_columns)
learn(rebuild_sql.COUNT_BEGUN, "COUNT_BEGUN", count_begun)
learn(rebuild_sql.COUNT_LEFT, "COUNT_LEFT", count_left)
learn(rebuild_sql.FORGET, "FORGET", forget)
learn(rebuild_sql.SEED, "SEED", seed)
learn(rebuild_sql.NOT_REBUILT, "NOT_REBUILT", not_rebuilt)
learn(rebuild_sql.EMPTY_LEDGER, "EMPTY_LEDGER", empty_ledger)
learn(rebuild_sql.FILL_LEDGER, "FILL_LEDGER", fill_ledger)
for topic in TABLES:
    learn(rebuild_sql.empty_table(topic), "EMPTY_TABLE", empty_table)
