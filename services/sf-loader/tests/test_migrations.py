from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from stock_common.run import FatalError
from stock_sf_loader import checksum, copy_into, ledger, marks, rebuild_sql
from stock_sf_loader.beside import beside
from stock_sf_loader.checksum import Column
from stock_sf_loader.config import LoaderSettings
from stock_sf_loader.migrations import FOLDER, migrate, migrations, values
from stock_sf_loader.report import NEWEST


def settings(**changes: Any) -> LoaderSettings:
    given: dict[str, Any] = {"s3_bucket": "stocks", "snowflake_account": "a", "snowflake_user": "u", "snowflake_password": "p"}
    return LoaderSettings(**(given | changes))


def statements(**changes: Any) -> list[str]:
    return [statement for migration in migrations(values(settings(**changes))) for statement in migration.statements]


@pytest.mark.parametrize("sql", [pytest.param(text, id=" ".join(text.split()[:8])) for text in statements()])
def test_every_statement_is_one_that_snowflake_parses(sql: str) -> None:
    parsed = sqlglot.parse(sql, dialect="snowflake")
    assert len(parsed) == 1
    if "CREATE STAGE" not in sql:
        assert not isinstance(parsed[0], exp.Command)


@pytest.mark.parametrize("sql", statements())
def test_every_statement_can_be_run_again(sql: str) -> None:
    assert sql.startswith(
        ("CREATE SCHEMA IF NOT EXISTS", "CREATE TABLE IF NOT EXISTS", "CREATE STAGE IF NOT EXISTS", "CREATE OR REPLACE VIEW ANALYTICS.", "MERGE")
    )
    assert "CREATE OR REPLACE VIEW" not in sql or "COPY GRANTS" in sql


COLUMNS = [Column("PRICE", "NUMBER", 6), Column("INTERVAL", "TEXT", 0), Column("KAFKA_TIME", "TIMESTAMP_LTZ", 0), Column("LOADED_AT", "DATE", 0)]
LOADERS = (ledger.TAKE_LEASE, ledger.READ_LEASE, ledger.READ_NEWEST, ledger.READ_TAILS, ledger.READ_STRAYS, ledger.ADD,
           *map(NEWEST.format, copy_into.TABLES.values()))  # fmt: skip
REPAIRS = (
    marks.READ_QUARANTINED, marks.READ_KEYS, marks.READ_OVERLAPS, marks.REMOVE, marks.READ_PRUNABLE, marks.PRUNE, *marks.DELETE_ROWS.values(),
    marks.delete_up_to_sql("stock-bars", 2), checksum.READ_COLUMNS,
    *(checksum.statement("RAW.STOCK_QUOTES", COLUMNS, chains) for chains in (None, 0, 2)),
    *(text for name, text in vars(rebuild_sql).items() if name.isupper() and not name.startswith("_") and name not in ("SUFFIX", "TABLES")),
    rebuild_sql.count_files(0), rebuild_sql.count_files(2), rebuild_sql.make_table("stock-data"), rebuild_sql.drop_table("stock-data"),
    rebuild_sql.empty_table("stock-data"), rebuild_sql.fill_table("stock-data", COLUMNS),
)  # fmt: skip


@pytest.mark.parametrize("sql", [*LOADERS, *REPAIRS, *map(beside, LOADERS)])
def test_the_loaders_own_statements_parse_and_bind_their_values(sql: str) -> None:
    parsed = sqlglot.parse_one(sql, dialect="snowflake")
    assert not isinstance(parsed, exp.Command)
    assert len(list(parsed.find_all(exp.Placeholder))) == sql.count("?")


def test_only_set_values_get_into_the_text() -> None:
    text = "\n".join(statements(snowflake_storage_integration="S3_INT", snowflake_retention_days=7, snowflake_stage="OTHER"))
    assert "STORAGE_INTEGRATION = S3_INT" in text
    assert "CREATE STAGE IF NOT EXISTS RAW.OTHER" in text
    assert "URL = 's3://stocks/raw/'" in text
    assert "DATA_RETENTION_TIME_IN_DAYS = 7" in text
    assert "{{" not in text
    assert "STORAGE_INTEGRATION" not in "\n".join(statements())


@pytest.mark.parametrize(
    "changes", [{"s3_bucket": "x'; DROP"}, {"snowflake_stage": "a b"}, {"snowflake_storage_integration": "a;b"}, {"snowflake_retention_days": 91}]
)
def test_what_could_be_more_than_a_name_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"bucket|identifier|less than"):
        values(settings(**changes))


class Recorder:
    statement_seconds = 0.0

    def __init__(self, url: str) -> None:
        self.url = url
        self.log: list[str] = []

    def query(self, sql: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]:
        assert sql == "SHOW STAGES LIKE 'STOCK_STAGE' IN SCHEMA RAW"
        return [{"name": "STOCK_STAGE", "url": self.url}, {"name": "STOCKXSTAGE", "url": "s3://other/"}]

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        self.log.append(sql)
        return 0

    def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> int:
        raise AssertionError

    def transaction(self) -> AbstractContextManager[None]:
        return nullcontext()

    def close(self) -> None:
        raise AssertionError


def test_files_run_in_order_and_a_stage_over_another_bucket_is_told() -> None:
    session = Recorder("s3://stocks/raw/")
    assert migrate(session, settings()) == sorted(path.name for path in FOLDER.glob("*.sql"))
    assert session.log == statements()
    with pytest.raises(FatalError, match="S3_BUCKET"):
        migrate(Recorder("s3://elsewhere/"), settings())


def test_a_file_with_another_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "views.sql").write_text("SELECT 1;")
    with pytest.raises(ValueError, match="NNN_what"):
        list(migrations({}, tmp_path))
