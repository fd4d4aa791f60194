from __future__ import annotations

from collections import namedtuple
from datetime import UTC, datetime
from typing import Any

import pytest
from snowflake.connector.errors import DatabaseError, OperationalError, ProgrammingError

from stock_common.run import FatalError
from stock_warehouse.config import CANCEL_SECONDS, STATEMENT_SECONDS, SessionOptions, WarehouseSettings
from stock_warehouse.errors import LockTimeout, StatementError, UnknownOutcome, WarehouseUnavailable
from stock_warehouse.session import Warehouse

Column = namedtuple("Column", "name")
NETWORK = OperationalError("Failed to execute request", errno=250003)
EXPIRED = ProgrammingError("Session no longer exists", errno=390111, sqlstate="08001")
REFUSED = ProgrammingError("Numeric value is not recognized", errno=100038, sqlstate="22018")
LOCKED = ProgrammingError("has locked table", errno=625, sqlstate="57014")


class Server:
    """Answers every statement, and stands for the connector's connect().

    `fail` is (statement prefix, error), each used once.
    """

    def __init__(self, *fail: tuple[str, Exception]) -> None:
        self.fail = list(fail)
        self.log: list[str] = []
        self.sessions = 0
        self.timeouts: set[int] = set()
        self.sizes: list[int] = []
        self.refusal: Exception | None = None

    def connect(self, **_: Any) -> Connection:
        if self.refusal:
            raise self.refusal
        self.sessions += 1
        return Connection(self, self.sessions)


class Connection:
    telemetry_enabled = True

    def __init__(self, server: Server, number: int) -> None:
        self.server, self.number = server, number

    def cursor(self) -> Cursor:
        return Cursor(self)

    def close(self, retry: bool = True) -> None:
        self.server.log.append(f"{self.number} close")


class Cursor:
    description = (Column("SYMBOL"), Column("N"))
    rowcount = 2

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.params: Any = None

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def execute(self, sql: str, params: Any = None, timeout: int = 0) -> Cursor:
        server = self.connection.server
        server.timeouts.add(timeout)
        server.log.append(f"{self.connection.number} {sql}")
        self.params = params
        if server.fail and sql.startswith(server.fail[0][0]):
            raise server.fail.pop(0)[1]
        return self

    def executemany(self, sql: str, rows: Any, timeout: int = 0) -> Cursor:
        self.connection.server.sizes.append(len(rows))
        self.rowcount = len(rows)
        return self.execute(sql, rows, timeout)

    def fetchall(self) -> list[tuple[Any, ...]]:
        return [("IBM", self.params)]


def warehouse(server: Server) -> Warehouse:
    settings = WarehouseSettings.model_construct(
        snowflake_account="a",
        snowflake_user="u",
        snowflake_private_key_file="k",
        snowflake_private_key_password=None,
        snowflake_role=None,
        snowflake_warehouse=None,
        snowflake_database="STOCKS",
        snowflake_host=None,
        snowflake_port=443,
        snowflake_protocol="https",
    )
    ticks = iter(range(1000))
    return Warehouse(
        settings,
        "test",
        SessionOptions(transactional=True),
        connect=server.connect,
        clock=lambda: float(next(ticks)),
    )


def test_rows_have_lower_case_names_and_values_are_bound() -> None:
    server = Server()
    house = warehouse(server)
    assert server.sessions == 0
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert house.query("SELECT", [at, None, 1]) == [{"symbol": "IBM", "n": (("TIMESTAMP_LTZ", at), None, 1)}]
    assert house.query("SELECT") == [{"symbol": "IBM", "n": None}]
    assert house.execute("UPDATE") == 2
    assert house.execute_many("INSERT", []) == 0
    assert house.statement_seconds == 3.0
    assert server.sessions == 1


def test_the_client_lets_a_statement_take_longer_than_its_server_does() -> None:
    server = Server()
    house = warehouse(server)
    house.query("SELECT 1")
    house.execute("UPDATE T SET A = 1")
    house.execute_many("INSERT INTO T VALUES (?)", [(1,)])
    assert server.timeouts == {STATEMENT_SECONDS + CANCEL_SECONDS}


def test_waiting_for_a_server_that_is_away_is_no_work_of_the_warehouse() -> None:
    server = Server()
    house = warehouse(server)
    server.refusal = OperationalError("no answer", errno=250001)
    with pytest.raises(WarehouseUnavailable):
        house.query("SELECT")
    assert house.statement_seconds == 0
    server.refusal = None
    house.query("SELECT")
    assert house.statement_seconds == 1.0


def test_an_expired_session_is_replaced_outside_a_transaction() -> None:
    server = Server(("SELECT", EXPIRED))
    house = warehouse(server)
    house.query("SELECT")
    assert server.log == ["1 SELECT", "1 close", "2 SELECT"]


def test_an_expired_session_is_not_replaced_inside_a_transaction() -> None:
    server = Server(("COPY", EXPIRED))
    house = warehouse(server)
    with pytest.raises(WarehouseUnavailable), house.transaction():
        house.query("COPY")
    assert server.log == ["1 BEGIN TRANSACTION", "1 COPY", "1 close"]
    house.query("SELECT")
    assert server.log[-1] == "2 SELECT"


def test_nothing_runs_in_a_new_session_inside_a_transaction() -> None:
    server = Server(("COPY", NETWORK))
    house = warehouse(server)
    with pytest.raises(WarehouseUnavailable), house.transaction():
        with pytest.raises(WarehouseUnavailable):
            house.query("COPY")
        house.execute("INSERT")
    assert server.log == ["1 BEGIN TRANSACTION", "1 COPY", "1 close"]


@pytest.mark.parametrize(("error", "kind"), [(REFUSED, StatementError), (LOCKED, LockTimeout)])
def test_an_error_rolls_back_in_the_same_session(error: Exception, kind: type[Exception]) -> None:
    server = Server(("UPDATE", error))
    house = warehouse(server)
    with pytest.raises(kind), house.transaction():
        house.execute("UPDATE")
    assert server.log == ["1 BEGIN TRANSACTION", "1 UPDATE", "1 ROLLBACK"]


def test_an_exception_of_the_caller_rolls_back() -> None:
    server = Server()
    house = warehouse(server)
    with pytest.raises(KeyError), house.transaction():
        raise KeyError
    assert server.log == ["1 BEGIN TRANSACTION", "1 ROLLBACK"]


@pytest.mark.parametrize("error", [NETWORK, EXPIRED, REFUSED], ids=["network", "expired", "refused"])
def test_a_commit_without_a_good_answer_is_unknown(error: Exception) -> None:
    server = Server(("COMMIT", error))
    house = warehouse(server)
    with pytest.raises(UnknownOutcome), house.transaction():
        house.execute("UPDATE")
    assert server.log == ["1 BEGIN TRANSACTION", "1 UPDATE", "1 COMMIT", "1 close"]


def test_a_rollback_that_fails_ends_the_session() -> None:
    server = Server(("UPDATE", REFUSED), ("ROLLBACK", NETWORK))
    house = warehouse(server)
    with pytest.raises(StatementError), house.transaction():
        house.execute("UPDATE")
    assert server.log[-1] == "1 close"


def test_refused_sign_in_is_fatal_and_an_outage_is_not() -> None:
    server = Server()
    server.refusal = DatabaseError("Incorrect username or password", errno=390100, sqlstate="28000")
    with pytest.raises(FatalError, match="SNOWFLAKE_USER"):
        warehouse(server).query("SELECT")
    server.refusal = OperationalError("Could not connect", errno=250001, sqlstate="08001")
    with pytest.raises(WarehouseUnavailable):
        warehouse(server).query("SELECT")
    server.refusal = FileNotFoundError("no key")
    with pytest.raises(FatalError, match="private key"):
        warehouse(server).query("SELECT")


def test_many_rows_take_several_statements_in_a_transaction_and_none_outside() -> None:
    server = Server()
    house = warehouse(server)
    rows = [(number,) * 14 for number in range(9_001)]
    with pytest.raises(RuntimeError, match="9001 rows"):
        house.execute_many("INSERT", rows)
    assert server.sizes == []
    with house.transaction():
        assert house.execute_many("INSERT", rows) == 9_001
    assert server.sizes == [4_000, 4_000, 1_001]


def test_wide_rows_stay_below_the_values_of_a_temporary_stage() -> None:
    server = Server()
    house = warehouse(server)
    with house.transaction():
        house.execute_many("INSERT", [(0,) * 100] * 1_300)
    assert server.sizes == [650, 650]
