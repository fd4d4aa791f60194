from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sql_texts import LOADERS, REPAIRS, settings, statements
from sqlglot import exp

from stock_common.run import FatalError
from stock_sf_loader.account.schema import FOLDER, migrate, migrations, values
from stock_sf_loader.repair.shadow_tables import shadow


@pytest.mark.parametrize("sql", [pytest.param(text, id=" ".join(text.split()[:8])) for text in statements()])
def test_every_statement_is_one_that_snowflake_parses(sql: str) -> None:
    parsed = sqlglot.parse(sql, dialect="snowflake")
    assert len(parsed) == 1
    if "CREATE STAGE" not in sql:
        assert not isinstance(parsed[0], exp.Command)


AGAIN = re.compile(
    r"CREATE (SCHEMA|TABLE|STAGE) IF NOT EXISTS |CREATE OR REPLACE VIEW ANALYTICS\.\w+ COPY GRANTS |MERGE "
    r"|ALTER TABLE RAW\.\w+ ADD COLUMN IF NOT EXISTS \w+ [A-Z]+(\([0-9, ]+\))?\Z"
)
"""Statements that do no harm when they are run again. A new column takes NULL in the rows that are there."""


@pytest.mark.parametrize("sql", statements())
def test_every_statement_can_be_run_again(sql: str) -> None:
    assert AGAIN.match(sql)


@pytest.mark.parametrize(
    ("sql", "allowed"),
    [
        ("ALTER TABLE RAW.STOCK_QUOTES ADD COLUMN IF NOT EXISTS BID NUMBER(18, 6)", True),
        ("ALTER TABLE RAW.STOCK_QUOTES ADD COLUMN IF NOT EXISTS VENUE VARCHAR(16)", True),
        ("ALTER TABLE RAW.STOCK_QUOTES ADD COLUMN IF NOT EXISTS HALTED BOOLEAN", True),
        ("ALTER TABLE RAW.STOCK_QUOTES ADD COLUMN BID NUMBER(18, 6)", False),
        ("ALTER TABLE RAW.STOCK_QUOTES ADD COLUMN IF NOT EXISTS BID NUMBER(18, 6) NOT NULL", False),
        ("ALTER TABLE RAW.STOCK_QUOTES DROP COLUMN IF EXISTS BID", False),
        ("ALTER TABLE RAW.STOCK_QUOTES ALTER COLUMN BID DROP NOT NULL", False),
        ("ALTER TABLE ANALYTICS.QUOTES ADD COLUMN IF NOT EXISTS BID NUMBER(18, 6)", False),
    ],
)
def test_a_table_may_only_gain_columns(sql: str, allowed: bool) -> None:
    assert bool(AGAIN.match(sql)) == allowed
    assert not isinstance(sqlglot.parse_one(sql, dialect="snowflake"), exp.Command)


@pytest.mark.parametrize("sql", [*LOADERS, *REPAIRS, *map(shadow, LOADERS)])
def test_the_loaders_own_statements_parse_and_bind_their_values(sql: str) -> None:
    parsed = sqlglot.parse_one(sql, dialect="snowflake")
    assert not isinstance(parsed, exp.Command)
    assert len(list(parsed.find_all(exp.Placeholder))) == sql.count("?")


def test_only_set_values_get_into_the_text() -> None:
    text = "\n".join(
        statements(
            snowflake_storage_integration="S3_INT", snowflake_retention_days=7, snowflake_stage="OTHER"
        )
    )
    assert "STORAGE_INTEGRATION = S3_INT" in text
    assert "CREATE STAGE IF NOT EXISTS RAW.OTHER" in text
    assert "URL = 's3://stocks/raw/'" in text
    assert "DATA_RETENTION_TIME_IN_DAYS = 7" in text
    assert "{{" not in text
    assert "STORAGE_INTEGRATION" not in "\n".join(statements())


@pytest.mark.parametrize(
    "changes",
    [
        {"s3_bucket": "x'; DROP"},
        {"snowflake_stage": "a b"},
        {"snowflake_storage_integration": "a;b"},
        {"snowflake_retention_days": 91},
    ],
)
def test_what_could_be_more_than_a_name_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"bucket|identifier|less than"):
        values(settings(**changes))


DIGESTS = {
    "BARS_5MIN": "ed7b462d0fbce1cc",
    "BARS_15MIN": "f9e968296bedefac",
    "BARS_30MIN": "fde639681c50b9ba",
    "BARS_1H": "f1eed7d788b71776",
}
"""SHA-256, 16 digits, of the four views as they were when each was written out (011_bars.sql at c1f50f9)."""


def test_one_template_gives_the_four_views_that_were_written_out_before() -> None:
    made = {
        sql.split()[4].removeprefix("ANALYTICS."): sql
        for sql in statements()
        if "VIEW ANALYTICS.BARS_" in sql
    }
    assert list(made) == ["BARS_1MIN", *DIGESTS, "BARS_1D"]
    for view, digest in DIGESTS.items():
        assert hashlib.sha256(made[view].encode()).hexdigest()[:16] == digest, view


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


def test_files_run_in_order_and_a_stage_over_another_bucket_is_reported() -> None:
    session = Recorder("s3://stocks/raw/")
    assert migrate(session, settings()) == sorted(path.name for path in FOLDER.glob("*.sql"))
    assert session.log == statements()
    with pytest.raises(FatalError, match="S3_BUCKET"):
        migrate(Recorder("s3://elsewhere/"), settings())


def test_a_file_with_another_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "views.sql").write_text("SELECT 1;")
    with pytest.raises(ValueError, match="NNN_what"):
        list(migrations({}, tmp_path))
