"""Writes the selftest's objects and questions, which come from services that the loader does not import.

Run it in this folder's environment after a change of the contract, the dashboard's queries or the auditor's:

    tests/contract/.venv/bin/python tests/contract/selftest_files.py
"""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stock_auditor.stages import sql as audit
from stock_common.ledger import TABLES
from stock_common.records import Quote
from stock_dashboard.history import queries
from stock_s3_sink.encode.schema import SCHEMAS

PLACE = Path(__file__).resolve().parents[2] / "services/sf-loader/stock_sf_loader/selftest"
ROWS = 3
TOPIC_ID = "0" * 32
_VALUES = {
    "string": "x",
    "decimal128(18, 6)": Decimal("1.5"),
    "int64": 1,
    "int32": 0,
    "bool": True,
    "date32[day]": date(2026, 3, 2),
    "timestamp[us, tz=UTC]": datetime(2026, 3, 2, 14, 30, 0, 123456, UTC),
}


def objects() -> dict[str, pa.Table]:
    """File → its rows: as the sink writes them, none, and with NULL in PRICE, which is required."""
    schema = SCHEMAS[Quote]
    columns = {field.name: [_VALUES[str(field.type)]] * ROWS for field in schema}
    columns["kafka_offset"] = list(range(ROWS))
    good = pa.table(columns, schema)
    position = schema.get_field_index("price")
    free = pa.field("price", schema.field(position).type)
    return {
        "good.parquet": good,
        "empty.parquet": good.slice(0, 0),
        "nulls.parquet": good.set_column(position, free, pa.nulls(ROWS, free.type)),
    }


def questions() -> list[dict[str, Any]]:
    """Every statement of the dashboard and the auditor, with values to bind. A date is {"date": ...}."""
    spans = [queries.bars("IBM", span, date(2026, 3, 2)) for span in queries.RANGES.values()]
    asked = [
        ("dashboard", each.sql, each.params) for each in (queries.latest(True), queries.alerts(), *spans)
    ]
    asked.append(("auditor", audit.quarantined(), ()))
    for topic in TABLES:
        asked += [
            (
                "auditor",
                audit.chains(topic),
                (topic, topic) if audit.chains(topic).count("?") == 2 else (topic,),
            ),
            ("auditor", audit.totals(topic), audit.totals_binds(topic, TOPIC_ID, 0, 1)),
            ("auditor", audit.resent_across(topic), ()),
            ("auditor", audit.runs(topic), audit.runs_binds(topic, TOPIC_ID, 0, 0, 10)),
        ]
    return [{"of": of, "sql": sql, "binds": [_plain(value) for value in binds]} for of, sql, binds in asked]


def _plain(value: Any) -> Any:
    return {"date": value.isoformat()} if isinstance(value, date) else value


def text() -> str:
    return json.dumps(questions(), indent=1) + "\n"


def main() -> None:
    for name, table in objects().items():
        sink = io.BytesIO()
        pq.write_table(table, sink, compression="zstd")
        (PLACE / name).write_bytes(sink.getvalue())
    (PLACE / "questions.json").write_text(text())


if __name__ == "__main__":
    main()
