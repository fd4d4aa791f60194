"""The selftest against a session in memory: what it says when Snowflake answers otherwise than expected."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from sql_texts import settings

from stock_objects.errors import ObjectError
from stock_sf_loader.selftest.scratch import DIFFERENT, OK, UNTRIED, Line, ScratchSession, refused, tried
from stock_sf_loader.selftest.steps import SelfTest
from stock_warehouse.errors import LockTimeout, StatementError, WarehouseUnavailable


class Account:
    """Takes every statement but those that match `wrong`. Its tables stay empty, and so does its SHOW."""

    statement_seconds = 0.0

    def __init__(self, wrong: str, error: Exception) -> None:
        self.wrong, self.error = re.compile(wrong), error
        self.log: list[str] = []
        self.lease: object = None

    def query(self, sql: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]:
        self.execute(sql)
        if sql.startswith("SELECT HOLDER"):
            return [{"holder": None, "fence": 1}]
        if "COUNT(LOADED_AT)" in sql:
            return [{"n": 2, "timed": 2}]
        return [{"n": 0}] if sql.startswith("SELECT COUNT") else []

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        self.log.append(sql)
        if self.wrong.search(sql):
            raise self.error
        if sql.startswith("UPDATE") and params == ("other",):
            raise LockTimeout("000625: locked")
        return 1

    def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> int:
        self.execute(sql)
        return len(rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        yield

    def close(self) -> None:
        self.log.append("close")


class Bucket:
    def __init__(self) -> None:
        self.held: set[str] = set()
        self.error: Exception | None = ObjectError("AccessDenied")

    def put_new(self, key: str, body: bytes, metadata: Mapping[str, str]) -> str:
        if self.error:
            raise self.error
        self.held.add(key)
        return "etag"

    def remove(self, key: str) -> None:
        self.held.discard(key)


REFUSED = StatementError(
    2023, "22000", "Default value data type does not match data type for column LOADED_AT"
)


def run(account: Account, bucket: Bucket | None = None) -> list[Line]:
    return list(SelfTest(lambda: account, settings(), bucket or Bucket()).lines())


def test_every_statement_goes_to_the_scratch_schemas_and_they_are_dropped() -> None:
    account = Account("nothing at all", REFUSED)
    lines = run(account)
    assert {line.state for line in lines} == {OK, UNTRIED}
    assert [line.what for line in lines if line.state == UNTRIED] == [
        "COPY of a good, an empty, a cut and a NULL-holding object"
    ]
    named = set(re.findall(r"\b(\w*(?:RAW|ANALYTICS))\b", "\n".join(account.log)))
    assert len(named) == 2 and all(name.startswith("SELFTEST_") for name in named), named
    assert [sql.split()[1] for sql in account.log if sql.startswith("DROP")] == ["SCHEMA", "SCHEMA"]
    assert account.log[-2:] == ["close", "close"]


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        pytest.param(r"DEFAULT CURRENT_TIMESTAMP", "003_ledger.sql: CREATE TABLE", id="a default"),
        pytest.param(r"LATEST_QUOTES ORDER BY symbol LIMIT", "dashboard: SELECT symbol", id="a limit"),
        pytest.param(r"VIEW \w+\.TICKS", "011_bars.sql: CREATE OR REPLACE VIEW", id="a view"),
        pytest.param(r"^INSERT INTO \w+\.LOADED_FILES", "INSERT of two rows", id="the ledger"),
        pytest.param(r"^SHOW WAREHOUSES", "SHOW WAREHOUSES", id="show"),
    ],
)
def test_what_is_refused_is_named_with_snowflakes_words(wrong: str, what: str) -> None:
    different = [line for line in run(Account(wrong, REFUSED)) if line.state == DIFFERENT]
    assert different and all(line.what.startswith(what) for line in different), different
    assert all("002023 (22000): Default value" in line.seen for line in different)


def test_a_lease_that_two_sessions_have_is_named() -> None:
    account = Account("nothing at all", REFUSED)
    account.execute = lambda sql, params=(): 1  # type: ignore[method-assign]
    (line,) = (line for line in run(account) if line.state == DIFFERENT)
    assert line.seen == "both had it at once"


def test_a_bad_object_that_is_taken_is_named_and_objects_are_removed() -> None:
    bucket = Bucket()
    bucket.error = None
    lines = {line.what: line for line in run(Account("nothing at all", REFUSED), bucket)}
    # This account answers COPY with no rows at all.
    assert lines["COPY of a good object: its rows, once"].state == DIFFERENT
    assert lines["COPY of a cut object is refused"].seen.startswith("taken: COPY's answer")
    assert bucket.held == set()


def test_the_schemas_are_dropped_when_snowflake_goes_away() -> None:
    account = Account(r"LATEST_QUOTES ORDER BY", WarehouseUnavailable("no answer"))
    with pytest.raises(WarehouseUnavailable):
        run(account)
    assert sum(sql.startswith("DROP SCHEMA") for sql in account.log) == 2


def fails(error: Exception) -> Callable[[], object]:
    def work() -> object:
        raise error

    return work


def test_a_refusal_says_whether_it_names_the_file() -> None:
    named = StatementError(100152, "22000", "Error parsing raw/x.parquet")
    assert refused("w", fails(named), "raw/x.parquet").seen.startswith("with the file's name: StatementError")
    assert refused("w", fails(named), "raw/y.parquet").seen.startswith("without the file's name")
    assert refused("w", lambda: 3, "x") == Line("w", DIFFERENT, "taken: 3")
    assert tried("w", lambda: 3, 4) == Line("w", DIFFERENT, "3, not 4")


def test_only_whole_names_of_schemas_are_moved() -> None:
    account = Account("nothing", REFUSED)
    ScratchSession(account, "S").execute("SELECT RAWER, 'raw/x' FROM RAW.T, ANALYTICS.V")
    assert account.log == ["SELECT RAWER, 'raw/x' FROM S_RAW.T, S_ANALYTICS.V"]
