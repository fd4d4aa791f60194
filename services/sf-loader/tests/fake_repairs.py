"""The fake's answers to the statements of the repairs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fake_data import Data, is_sound
from fake_snowflake import NAMES, WORK, Cursor

from stock_common.ledger import TABLES
from stock_sf_loader.repair import ledger_rows

Row = dict[str, Any]


def as_answer(row: Row) -> Row:
    names = {
        "first": "FIRST_OFFSET",
        "last": "LAST_OFFSET",
        "rows": "ROW_COUNT",
        "rejected": "REJECTED",
        "holes": "HOLES",
        "lost": "LOST",
        "key": "OBJECT_KEY",
        "etag": "ETAG",
        "status": "STATUS",
        "reason": "REASON",
        "time": "OBJECT_TIME",
    }
    topic, topic_id, partition = row["chain"]
    return {
        "TOPIC": topic,
        "TOPIC_ID": topic_id,
        "KAFKA_PARTITION": partition,
        **{shown: row[name] for name, shown in names.items()},
    }


def change(cursor: Cursor, sql: str, make: Callable[[Data], int]) -> None:
    """Runs `make` on the tables of the statement. It returns how many rows it changed."""
    counts: list[int] = []
    cursor.connection.change(lambda data: counts.append(make(data.of(sql))))
    cursor.rowcount = counts[0]


def cut(rows: list[Any], is_gone: Callable[[Any], bool]) -> int:
    before = len(rows)
    rows[:] = [row for row in rows if not is_gone(row)]
    return before - len(rows)


def read(cursor: Cursor, sql: str, wanted: Callable[[Row], bool]) -> None:
    rows = [row for row in cursor.connection.seen().of(sql).ledger if wanted(row)]
    cursor.rows = [as_answer(row) for row in sorted(rows, key=lambda row: (row["key"], row["first"] or 0))]


def read_quarantined(cursor: Cursor, sql: str, _: Any) -> None:
    read(cursor, sql, lambda row: row["status"] == "quarantined")


def read_keys(cursor: Cursor, sql: str, params: Any) -> None:
    read(cursor, sql, lambda row: row["chain"] == tuple(params[:3]) and params[3] <= row["key"] <= params[4])


def read_overlaps(cursor: Cursor, sql: str, params: Any) -> None:
    chain, (first, last, low, high) = tuple(params[:3]), params[3:]

    def overlaps(row: Row) -> bool:
        return (
            row["chain"] == chain
            and row["last"] is not None
            and row["last"] >= first
            and row["first"] <= last
            and not low <= row["key"] <= high
        )

    read(cursor, sql, overlaps)


def remove(cursor: Cursor, sql: str, params: Any) -> None:
    chain, (low, high, status) = tuple(params[:3]), params[3:]
    change(
        cursor,
        sql,
        lambda data: cut(
            data.ledger,
            lambda row: row["chain"] == chain and low <= row["key"] <= high and row["status"] == status,
        ),
    )


def table_of(sql: str) -> tuple[str, str]:
    """The topic and the table that a DELETE is about."""
    table = sql.split()[2].removeprefix("RAW.").removesuffix("_REBUILD")
    return next(topic for topic, known in TABLES.items() if known.name == f"RAW.{table}"), table


def delete_rows(cursor: Cursor, sql: str, params: Any) -> None:
    topic_id, partition, first, last = params
    topic, table = table_of(sql)
    prefix = f"raw/{topic}/{topic_id}/partition={partition:05d}/"
    change(
        cursor,
        sql,
        lambda data: cut(data.rows[table], lambda row: row[0].startswith(prefix) and first <= row[1] <= last),
    )


def delete_up_to(cursor: Cursor, sql: str, params: Any) -> None:
    topic, table = table_of(sql)
    assert sql == ledger_rows.delete_up_to_sql(topic, len(params) // 3)
    ends = {
        f"raw/{topic}/{params[at]}/partition={params[at + 1]:05d}/": params[at + 2]
        for at in range(0, len(params), 3)
    }
    change(
        cursor,
        sql,
        lambda data: cut(data.rows[table], lambda row: row[1] <= ends.get(row[0].partition("dt=")[0], -1)),
    )


def release(cursor: Cursor, sql: str, params: Any) -> None:
    assert sql == ledger_rows.release_sql(len(params))

    def is_released(row: Row) -> bool:
        return row["status"] == "quarantined" and row["last"] is None and row["key"] in params

    change(cursor, sql, lambda data: cut(data.ledger, is_released))


def delete(cursor: Cursor, sql: str, params: Any) -> None:
    (release if "LOADED_FILES" in sql else delete_up_to)(cursor, sql, params)


def is_prunable(row: Row, day: str) -> bool:
    return (
        row["last"] is not None
        and is_sound(row)
        and row["status"] != "pruned"
        and row["key"].partition("/dt=")[2] < day
    )


def read_prunable(cursor: Cursor, sql: str, params: Any) -> None:
    chains: dict[tuple[Any, ...], Row] = {}
    for row in cursor.connection.seen().of(sql).ledger:
        if is_prunable(row, params[0]):
            topic, topic_id, partition = row["chain"]
            names = {
                "TOPIC": topic,
                "TOPIC_ID": topic_id,
                "KAFKA_PARTITION": partition,
                "LAST_OFFSET": 0,
                "FILES": 0,
                "ROW_COUNT": 0,
            }
            chain = chains.setdefault(row["chain"], names)
            chain["LAST_OFFSET"] = max(chain["LAST_OFFSET"], row["last"])
            chain["FILES"] += 1
            chain["ROW_COUNT"] += row["rows"] if row["status"] == "loaded" else 0
    cursor.rows = list(chains.values())


def prune(cursor: Cursor, sql: str, params: Any) -> None:
    def make(data: Data) -> int:
        rows = [row for row in data.ledger if is_prunable(row, params[0]) and row["chain"][0] == params[1]]
        for row in rows:
            row["status"] = "pruned"
        return len(rows)

    change(cursor, sql, make)


def learn(sql: str, name: str, work: Callable[[Cursor, str, Any], None]) -> None:
    NAMES[sql.replace("_REBUILD", "")] = name
    WORK[name] = work


learn(ledger_rows.READ_QUARANTINED, "READ_QUARANTINED", read_quarantined)
learn(ledger_rows.READ_KEYS, "READ_KEYS", read_keys)
learn(ledger_rows.READ_OVERLAPS, "READ_OVERLAPS", read_overlaps)
learn(ledger_rows.REMOVE, "REMOVE", remove)
learn(ledger_rows.READ_PRUNABLE, "READ_PRUNABLE", read_prunable)
learn(ledger_rows.PRUNE, "PRUNE", prune)
for statement in ledger_rows.DELETE_ROWS.values():
    learn(statement, "DELETE_ROWS", delete_rows)
WORK["DELETE"] = delete
