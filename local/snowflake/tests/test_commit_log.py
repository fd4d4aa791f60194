"""The log has two lines about each COMMIT of loads. A history of a run is judged by them."""

from __future__ import annotations

import json
import logging
import re

import duckdb
import pytest

from stock_snowflake.errors import SnowflakeError
from stock_snowflake.transactions.locks import LockTable, Mode
from stock_snowflake.transactions.transaction import Transaction

LINE = re.compile(r"(committing|committed) (\{.*\})")


@pytest.fixture
def transaction(caplog: pytest.LogCaptureFixture) -> Transaction:
    caplog.set_level(logging.INFO, "stock_snowflake")
    connection = duckdb.connect()
    connection.execute("CREATE TABLE T (X INTEGER)")
    return Transaction("session", connection, LockTable())


def write(transaction: Transaction, *files: str) -> None:
    with transaction.writing({"T": Mode.INSERT}, 1.0):
        transaction.loads("T", files)


def test_a_commit_of_loads_is_logged_before_and_after(
    transaction: Transaction, caplog: pytest.LogCaptureFixture
) -> None:
    transaction.begin()
    write(transaction, "s3://b/a")
    write(transaction, "s3://b/b")
    transaction.commit()
    found = [(match[1], json.loads(match[2])) for line in caplog.messages if (match := LINE.fullmatch(line))]
    (first, begun), (second, ended) = found
    assert (first, second) == ("committing", "committed")
    assert begun["files"] == [["T", "s3://b/a"], ["T", "s3://b/b"]]
    assert begun["transaction"] == ended["transaction"]
    assert begun["at"] <= ended["at"]


def test_nothing_is_logged_of_what_was_rolled_back(
    transaction: Transaction, caplog: pytest.LogCaptureFixture
) -> None:
    transaction.begin()
    write(transaction, "s3://b/a")
    transaction.rollback()
    transaction.begin()
    write(transaction)
    transaction.commit()
    with pytest.raises(SnowflakeError):
        transaction.begin()
        write(transaction, "s3://b/a")
        transaction.fail("a test")
        transaction.commit()
    assert not [line for line in caplog.messages if LINE.fullmatch(line)]
