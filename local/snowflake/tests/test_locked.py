"""Who signs in gets the databases and nothing else of this machine. Nobody gets in without the password."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import servers
import snowflake.connector
from conftest import Connect

from stock_snowflake.database.engine import Engine

SECRET = "a line of another file"
READS = (
    "SELECT content FROM read_text('{file}')",
    "SELECT content FROM read_blob('{file}')",
    "SELECT * FROM read_csv('{file}', header = false)",
    "SELECT * FROM '{file}'",
    "SELECT * FROM query('SELECT content FROM read_text(''{file}'')')",
    "SELECT content FROM read_text('{data}/../secret.csv')",
    "SELECT content FROM read_text('{data}/link.csv')",
    "SELECT * FROM glob('{folder}/*')",
    "CREATE TABLE TAKEN AS SELECT content FROM read_text('{file}')",
)
CHANGES = (
    "COPY (SELECT 1) TO '{folder}/written.csv'",
    "ATTACH '{folder}/written.db' AS OTHER",
    "EXPORT DATABASE '{folder}/written'",
    "INSTALL httpfs",
    "INSTALL '{file}'",
    "LOAD httpfs",
    "LOAD '{file}'",
    "SET enable_external_access = true",
    "SET allowed_directories = ['/']",
    "SET allowed_configs = ['temp_directory']",
    "SET lock_configuration = false",
    "SET temp_directory = '{folder}'",
    "SET python_enable_replacements = true",
    "CREATE PERSISTENT SECRET s (TYPE http)",
)


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    data, file = tmp_path / "data", tmp_path / "secret.csv"
    data.mkdir()
    file.write_text(SECRET)
    (data / "link.csv").symlink_to(file)
    return {"folder": str(tmp_path), "data": str(data), "file": str(file)}


@pytest.fixture
def engine(places: dict[str, str]) -> Iterator[Engine]:
    engine = Engine(Path(places["data"]))
    yield engine
    engine.close()


@pytest.mark.parametrize("statement", [*READS, *CHANGES])
def test_duckdb_itself_refuses(engine: Engine, places: dict[str, str], statement: str) -> None:
    """Without the rules on statements, which are the outer wall."""
    before = sorted(Path(places["folder"]).iterdir())
    with engine.scratch("UTC") as connection, pytest.raises(duckdb.Error):
        connection.execute(statement.format(**places)).fetchall()
    assert sorted(Path(places["folder"]).iterdir()) == before


@pytest.mark.parametrize("statement", [*READS, *CHANGES])
def test_a_session_is_refused(cursor: Any, places: dict[str, str], statement: str) -> None:
    with pytest.raises(snowflake.connector.errors.Error) as refused:
        cursor.execute(statement.format(**places))
    assert SECRET not in str(refused.value)
    assert cursor.execute("SELECT 1").fetchall() == [(1,)]


def test_the_name_of_a_variable_of_the_server_is_no_table(engine: Engine) -> None:
    literal = duckdb.sql("SELECT 42 AS a").to_arrow_table()
    assert literal.num_rows == 1
    with engine.scratch("UTC") as connection, pytest.raises(duckdb.CatalogException):
        connection.execute("SELECT * FROM literal")


def test_a_data_directory_that_is_a_link_or_relative_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        engine = Engine(Path("link"))
        with engine.scratch("UTC") as connection:
            connection.execute(f"ATTACH IF NOT EXISTS '{engine.data_dir}/A.db' AS A")
        engine.close()


@pytest.mark.parametrize("password", ["local", f"{servers.PASSWORD} ", "å"])
def test_another_password_is_refused(
    server: servers.RunningServer, connect_to: Connect, password: str
) -> None:
    with pytest.raises(snowflake.connector.errors.Error, match="Incorrect username or password"):
        connect_to(server.port, password=password)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("localhost:8090", 200),
        ("attacker.example", 400),
        ("127.0.0.1.attacker.example", 400),
        ("", 400),
    ],
)
def test_the_host_of_an_address_is_checked(server: servers.RunningServer, host: str, status: int) -> None:
    """A page of a stranger can make the browser send requests to a name that then points to this machine."""
    body = json.dumps({"data": {"LOGIN_NAME": "U", "PASSWORD": servers.PASSWORD}})
    connection = http.client.HTTPConnection(servers.HOST, server.port, timeout=10)
    connection.request("POST", "/session/v1/login-request", body, {"Host": host})
    assert connection.getresponse().status == status
    connection.close()
