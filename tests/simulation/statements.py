"""What statements of loader, repairs and auditor mean, by their text."""

from __future__ import annotations

from functools import partial
from typing import Any

from stock_auditor.stages import sql as audit_sql
from stock_objects.chain import Chain
from stock_sf_loader.load import ledger_sql
from stock_sf_loader.repair import ledger_rows

from . import tables
from .tables import TOPIC, Answer, Change, Data, Ledgered


def deletion(sql: str, params: list[Any]) -> Change | None:
    if sql == ledger_rows.DELETE_ROWS[TOPIC]:
        topic_id, partition, first, last = params
        chain = Chain(TOPIC, topic_id, partition)
        return lambda data: data._replace(
            rows=tables.without(data.rows, lambda row: row.chain == chain and first <= row.offset <= last)
        )
    if sql == ledger_rows.REMOVE:
        held, (low, high, status) = Chain(*params[:3]), params[3:]
        return lambda data: data._replace(
            ledger=tables.without(
                data.ledger,
                lambda row: row.chain == held and low <= row.key <= high and row.status == status,
            )
        )
    if sql.startswith("DELETE") and sql == ledger_rows.release_sql(len(params)):
        return lambda data: data._replace(
            ledger=tables.without(data.ledger, lambda row: row.last is None and row.key in params)
        )
    return None


def answer(data: Data, sql: str, params: list[Any]) -> Answer:
    if sql == ledger_sql.READ_LEASE:
        return [{"HOLDER": data.holder, "FENCE": data.fence}]
    if sql == ledger_sql.READ_NEWEST:
        return [{"LOADED_AT": max((row.at for row in data.ledger), default=None)}]
    if sql == ledger_sql.READ_TAILS:
        return tables.tails(data, *params)
    if sql == ledger_sql.READ_STRAYS:
        return [{"OBJECT_KEY": row.key, "ETAG": row.etag} for row in data.ledger if row.last is None]
    if sql == ledger_rows.READ_QUARANTINED:
        return tables.entries(data, lambda row: row.status == "quarantined")
    if sql == ledger_rows.READ_KEYS:
        chain = Chain(*params[:3])
        return tables.entries(data, lambda row: row.chain == chain and params[3] <= row.key <= params[4])
    if sql == ledger_rows.READ_OVERLAPS:
        return tables.entries(data, partial(overlaps, params))[:1]
    return audit_answer(data, sql, params)


def overlaps(params: list[Any], row: Ledgered) -> bool:
    first, last, low, high = params[3:]
    inside = row.last is not None and row.first is not None and row.last >= first and row.first <= last
    return row.chain == Chain(*params[:3]) and inside and not low <= row.key <= high


def audit_answer(data: Data, sql: str, params: list[Any]) -> Answer:
    if sql == audit_sql.totals(TOPIC):
        return tables.totals(data, Chain(*params[:3]), params[3])
    if sql == audit_sql.runs(TOPIC):
        return tables.runs(data, Chain(*params[:3]), params[3], params[4])
    if sql == audit_sql.chains(TOPIC):
        return tables.chains(data)
    if sql == audit_sql.quarantined():
        found = sorted((row.key, row.reason) for row in data.ledger if row.status == "quarantined")
        return [{"OBJECT_KEY": key, "REASON": reason} for key, reason in found]
    if sql == audit_sql.resent_across(TOPIC):
        return []
    raise AssertionError(f"the simulated Snowflake does not know: {sql}")
