"""The statements that the services send to Snowflake."""

from __future__ import annotations

import importlib.util
from datetime import date
from pathlib import Path

from stock_auditor.stages import sql as audit
from stock_common.ledger import TABLES
from stock_dashboard.history import queries
from stock_sf_loader.account import setup
from stock_sf_loader.account.schema import statements
from stock_sf_loader.arguments import parse
from stock_sf_loader.load import copy_into

ROOT = Path(__file__).resolve().parents[2]
KEY = f"raw/stock-data/{'a' * 32}/partition=00000/dt=2026-03-02/hour=14/o{0:020d}.parquet"
ACCOUNT = [
    *("setup", "--bucket", "stocks-0a1b", "--external-id", "id-12345", "--network", "203.0.113.7/32"),
    *("--role-arn", "arn:aws:iam::123456789012:role/snowflake", "--notify", "ANNA"),
]


def loader() -> list[str]:
    """The migrations and the statements of loading and repairing, as the loader's own tests list them."""
    place = ROOT / "services/sf-loader/tests/sql_texts.py"
    spec = importlib.util.spec_from_file_location("sql_texts", place)
    assert spec and spec.loader
    texts = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(texts)
    migrations = texts.statements(snowflake_storage_integration="STOCK_S3")
    return [*migrations, *texts.LOADERS, *texts.REPAIRS, copy_into.statement("stock-data", "STAGE", [KEY])]


def readers() -> list[str]:
    """The statements of the dashboard and the auditor."""
    spans = [queries.bars("IBM", span, date(2026, 3, 2)) for span in queries.RANGES.values()]
    asked = [query.sql for query in (queries.latest(True), queries.alerts(), *spans)]
    by_topic = (audit.chains, audit.totals, audit.resent_across, audit.runs)
    return [*asked, audit.quarantined(), *(text(topic) for topic in TABLES for text in by_topic)]


def account() -> list[str]:
    return [sql for sql in statements(setup.render(parse(ACCOUNT))) if not sql.startswith(("GRANT", "USE"))]


EVERY = [*loader(), *readers(), *account()]


def changed(starts: str, old: str, new: str) -> str:
    """Our own statement with a fault put in."""
    (found,) = {sql for sql in EVERY if sql.startswith(starts) and old in sql}
    return found.replace(old, new)
