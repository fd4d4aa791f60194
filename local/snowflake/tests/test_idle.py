"""Idle transactions over HTTP. Source: sql-reference/transactions, "Aborting transactions"."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
import servers
from answers import TAKE, count, errno
from conftest import Connect

IDLE_TRANSACTION_SECONDS = 2


@pytest.fixture(scope="module")
def server(s3_address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.RunningServer]:
    """A server that rolls idle transactions back sooner than the shared one. Only these tests wait in one."""
    yield from servers.shared(
        tmp_path_factory.mktemp("idle"), s3_address, IDLE_TRANSACTION_SECONDS=str(IDLE_TRANSACTION_SECONDS)
    )


def test_idle_transaction_is_rolled_back_and_frees_its_lock(lease: Any, connect: Connect) -> None:
    """ "Aborting transactions": a transaction whose session went away does not block the others for ever."""
    detached = connect().cursor()
    detached.execute("BEGIN")
    detached.execute(TAKE, ("detached",))
    detached.execute("INSERT INTO LEDGER VALUES (1, 'a')")
    started = time.monotonic()
    assert lease.execute(TAKE, ("next",)).rowcount == 1
    assert IDLE_TRANSACTION_SECONDS - 0.5 < time.monotonic() - started < IDLE_TRANSACTION_SECONDS + 10
    assert errno(lambda: detached.execute("SELECT 1")) == 615
    assert errno(lambda: detached.execute("COMMIT")) == 615
    assert count(detached) == 0
    detached.execute("BEGIN")
    detached.execute("ROLLBACK")


HOLDER = """
import sys, time, snowflake.connector
connection = snowflake.connector.connect(
    user="u", password="local-password", account="a", host="127.0.0.1", port=int(sys.argv[1]),
    protocol="http",
    database=sys.argv[2]
)
connection.cursor().execute("BEGIN")
connection.cursor().execute("UPDATE LEASE SET HOLDER = 'killed'")
print("holding", flush=True)
time.sleep(60)
"""


def test_a_killed_client_frees_its_lock(lease: Any, server: servers.RunningServer, database: str) -> None:
    """ "Aborting transactions": five minutes idle while it blocks another, here IDLE_TRANSACTION_SECONDS."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(server.port), database], stdout=subprocess.PIPE, text=True
    ) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == "holding\n"
        client.kill()
    started = time.monotonic()
    assert lease.execute(TAKE, ("next",)).rowcount == 1
    assert time.monotonic() - started < IDLE_TRANSACTION_SECONDS + 15
    assert lease.execute("SELECT HOLDER, FENCE FROM LEASE").fetchall() == [("next", 1)]
