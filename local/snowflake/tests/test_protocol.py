"""What the connector and the server say to each other beneath the SQL."""

from __future__ import annotations

import datetime
import json
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import servers
import snowflake.connector.errors
import uvicorn
from conftest import Connect

from stock_snowflake.account.credentials import Secrets
from stock_snowflake.account.store import Account
from stock_snowflake.config import Settings
from stock_snowflake.copy.stage_files import S3StageFiles
from stock_snowflake.database.engine import Engine
from stock_snowflake.server import launcher
from stock_snowflake.server.routes import Door, Server
from stock_snowflake.sessions.registry import Sessions
from stock_snowflake.sessions.services import Services
from stock_snowflake.transactions.locks import LockTable

UTC = datetime.UTC


def post(server: servers.RunningServer, path: str, body: dict[str, Any], token: str = "") -> dict[str, Any]:
    request = urllib.request.Request(
        f"http://{servers.HOST}:{server.port}{path}",
        json.dumps(body).encode(),
        {"Authorization": f'Snowflake Token="{token}"'},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200
        return json.load(answer)


def test_a_repeated_request_gets_the_first_answer(
    server: servers.RunningServer, cursor: Any, database: str
) -> None:
    """The connector repeats a request whose answer was lost, with the same requestId. It must run once."""
    cursor.execute("CREATE TABLE T (A INT)")
    token = post(
        server,
        f"/session/v1/login-request?databaseName={database}",
        {"data": {"LOGIN_NAME": "U", "PASSWORD": servers.PASSWORD, "SESSION_PARAMETERS": {}}},
    )["data"]["token"]
    insert = f"/queries/v1/query-request?requestId={uuid.uuid4()}"
    answers = [post(server, insert, {"sqlText": "INSERT INTO T VALUES (1)"}, token) for _ in range(3)]
    assert answers[0]["success"]
    assert answers[1:] == answers[:1] * 2
    failing = f"/queries/v1/query-request?requestId={uuid.uuid4()}"
    assert [post(server, failing, {"sqlText": "SELECT NO_SUCH"}, token)["code"] for _ in range(2)] == [
        "000904"
    ] * 2
    assert cursor.execute("SELECT COUNT(*) FROM T").fetchall() == [(1,)]


def test_an_unknown_session_is_an_error_at_once(server: servers.RunningServer, connect_to: Connect) -> None:
    connection = connect_to(server.port)
    cursor = connection.cursor()
    connection.rest._token = "gone"
    started = time.monotonic()
    with pytest.raises(snowflake.connector.errors.ProgrammingError) as caught:
        cursor.execute("SELECT 1")
    assert caught.value.errno == 390111
    assert time.monotonic() - started < 10, "the connector has not asked again and again"


def test_session_parameters_at_connect(server: servers.RunningServer, connect_to: Connect) -> None:
    parameters = {
        "LOCK_TIMEOUT": 60,
        "TRANSACTION_ABORT_ON_ERROR": True,
        "ABORT_DETACHED_QUERY": True,
        "QUERY_TAG": "{}",
        "TIMEZONE": "UTC",
        "NEW_ONE": 1,
    }
    assert connect_to(server.port, session_parameters=parameters).cursor().execute("SELECT 1").fetchall() == [
        (1,)
    ]
    with pytest.raises(snowflake.connector.errors.DatabaseError, match="LOCK_TIMEOUT"):
        connect_to(server.port, session_parameters={"LOCK_TIMEOUT": "soon"})


def test_a_login_creates_nothing(server: servers.RunningServer, connect_to: Connect) -> None:
    cursor = connect_to(server.port, database="NOT_THERE", schema="RAW").cursor()
    assert cursor.execute("SELECT CURRENT_DATABASE(), CURRENT_SCHEMA()").fetchall() == [(None, None)]
    with pytest.raises(snowflake.connector.errors.ProgrammingError) as caught:
        cursor.execute("CREATE TABLE T (A INT)")
    assert caught.value.errno == 90105


def test_arrow_results_have_the_types_that_snowflake_sends(cursor: Any) -> None:
    """Whole numbers in the smallest integer, NUMBER(p, s) in float64, timestamps in microseconds.

    With arrow_number_to_decimal a NUMBER(p, s) is a decimal.
    """
    cursor.execute(
        "SELECT 5::NUMBER(20,0) AS SMALL, 9007199254740993::NUMBER(20,0) AS BIG, 1.5::NUMBER(18,6) AS PRICE,"
        " '2026-11-23 12:00:00.123456'::TIMESTAMP_LTZ AS T, '2026-11-23"
        " 12:00:00.123456'::TIMESTAMP_NTZ AS N, '2026-11-23'::DATE AS D,"
        " 'x' AS S, TRUE AS B, NULL::TIMESTAMP_LTZ AS NOTHING, '13:14:15'::TIME AS C"
    )
    table = cursor.fetch_arrow_all()
    at = datetime.datetime(2026, 11, 23, 12, 0, 0, 123456)
    assert {field.name: field.type for field in table.schema if field.name != "C"} == {
        "SMALL": pa.int8(),
        "BIG": pa.int64(),
        "PRICE": pa.float64(),
        "T": pa.timestamp("us", "UTC"),
        "N": pa.timestamp("us"),
        "D": pa.date32(),
        "S": pa.string(),
        "B": pa.bool_(),
        "NOTHING": pa.timestamp("us", "UTC"),
    }
    row = table.to_pylist()[0]
    assert (row["BIG"], row["T"], row["N"], row["NOTHING"]) == (
        9007199254740993,
        at.replace(tzinfo=UTC),
        at,
        None,
    )
    assert row["C"] == datetime.time(13, 14, 15)


def test_an_empty_result_keeps_its_types(cursor: Any) -> None:
    table = cursor.execute("SELECT 'x' AS S, 1.5::NUMBER(18,6) AS P WHERE 1 = 0").fetch_arrow_all(
        force_return_table=True
    )
    assert (table.num_rows, table.column_names) == (0, ["S", "P"])
    assert [(column.name, column.precision, column.scale) for column in cursor.description] == [
        ("S", None, None),
        ("P", 18, 6),
    ]


def test_numbers_beyond_64_bits_are_decimals(cursor: Any) -> None:
    wide = 10**30 + 1
    assert cursor.execute(
        "SELECT ?::NUMBER(37,0), SUM(X) FROM (SELECT 999999999999.999999::NUMBER(18,6) AS X)", (str(wide),)
    ).fetchall() == [(wide, Decimal("999999999999.999999"))]


def test_describe_does_not_execute(cursor: Any) -> None:
    cursor.execute("CREATE TABLE T (A NUMBER(20,0), B VARCHAR)")
    assert [
        (column.name, column.type_code) for column in cursor.describe("SELECT A, B FROM T WHERE A = ?")
    ] == [("A", 0), ("B", 2)]
    cursor.describe("INSERT INTO T VALUES (1, 'x')")
    assert cursor.execute("SELECT * FROM T").fetchall() == []


@pytest.fixture
def impatient(s3_address: str, tmp_path: Path) -> Iterator[int]:
    """The server in this process, answering "in progress" after 0.2 s instead of 45."""
    settings = Settings(
        servers.HOST, 0, None, servers.PASSWORD, tmp_path / "data", s3_address, "us-east-1", 300
    )
    listener = launcher.listen(settings)
    engine = Engine(settings.data_dir)
    services = Services(
        engine,
        Account(engine.plain()),
        LockTable(),
        S3StageFiles(s3_address, "us-east-1"),
        lambda: datetime.datetime.now(UTC),
        time.monotonic,
    )
    sessions = Sessions(services, settings.idle_transaction_seconds)
    running = uvicorn.Server(
        uvicorn.Config(
            Server(sessions, Door([servers.HOST], Secrets(servers.PASSWORD)), answer_within_seconds=0.2).app,
            log_level="error",
        )
    )
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
    thread.start()
    yield listener.getsockname()[1]
    sessions.close_all()
    running.should_exit = True
    thread.join(timeout=30)
    services.engine.close()


@pytest.mark.filterwarnings("ignore:Arrow output on a DB-API result")
def test_a_long_wait_is_answered_in_progress_until_it_is_over(impatient: int, connect_to: Connect) -> None:
    first, second = (connect_to(impatient).cursor() for _ in range(2))
    for statement in (
        "CREATE DATABASE STOCKS",
        "CREATE TABLE T (A INT)",
        "INSERT INTO T VALUES (1)",
        "BEGIN",
        "UPDATE T SET A = 2",
    ):
        first.execute(statement)
    answers: list[Any] = []
    thread = threading.Thread(
        target=lambda: answers.append(second.execute("UPDATE STOCKS.PUBLIC.T SET A = A + 1").rowcount)
    )
    thread.start()
    time.sleep(1)
    assert not answers
    first.execute("COMMIT")
    thread.join(timeout=30)
    assert answers == [1]
    assert first.execute("SELECT A FROM T").fetchall() == [(3,)]
