"""The command: help, configuration, signals, the port, the health route."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import pytest
import servers
from conftest import Connect

MODULE = [sys.executable, "-m", "stock_snowflake"]


def run(
    environ: dict[str, str], *arguments: str, command: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
    return subprocess.run(
        [*(command or servers.command()), *arguments],
        env=kept | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_has_examples() -> None:
    result = run({}, "--help", command=MODULE)
    assert result.returncode == 0
    assert "examples:" in result.stdout
    assert "IDLE_TRANSACTION_SECONDS" in result.stdout


def test_every_fault_in_one_message_and_exit_2(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    faults = {
        "DATA_DIR": str(tmp_path / "file"),
        "SNOWFLAKE_LISTEN_HOST": "everywhere",
        "SNOWFLAKE_LISTEN_PORT": "70000",
        "S3_ENDPOINT_URL": "ftp://x",
        "IDLE_TRANSACTION_SECONDS": "-1",
    }
    result = run(faults)
    assert result.returncode == 2
    assert all(name in result.stderr for name in faults), result.stderr
    missing = run({})
    assert missing.returncode == 2
    assert "DATA_DIR must name" in missing.stderr
    assert "SNOWFLAKE_PASSWORD must be" in missing.stderr


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind((servers.HOST, 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        result = run(
            {"DATA_DIR": str(tmp_path), "SNOWFLAKE_LISTEN_PORT": port, "SNOWFLAKE_PASSWORD": servers.PASSWORD}
        )
    assert result.returncode == 1
    assert "cannot listen on 127.0.0.1" in result.stderr


def test_a_directory_in_use_is_one_sentence(s3_address: str, tmp_path: Path, log_file: Path) -> None:
    environ = servers.launcher_environ(tmp_path / "data", s3_address)
    running = servers.start_launcher(environ, log_file)
    result = run(environ)
    assert result.returncode == 1
    assert "cannot open" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    running.stop()


def test_health_route_and_line(server: servers.RunningServer) -> None:
    with urllib.request.urlopen(f"http://{servers.HOST}:{server.port}/healthz", timeout=5) as answer:
        assert (answer.status, json.load(answer)) == (200, {"status": "ok"})
    assert server.line.startswith(f"stock-snowflake listens on http://127.0.0.1:{server.port},")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_signal_ends_it_cleanly_while_a_statement_waits(
    number: signal.Signals, s3_address: str, tmp_path: Path, log_file: Path, connect_to: Connect
) -> None:
    running = servers.start_launcher(servers.launcher_environ(tmp_path / "data", s3_address), log_file)
    cursor = connect_to(running.port, network_timeout=5).cursor()
    for statement in (
        "CREATE DATABASE STOCKS",
        "CREATE TABLE T (A INT)",
        "INSERT INTO T VALUES (1)",
        "BEGIN",
        "UPDATE T SET A = 2",
    ):
        cursor.execute(statement)
    waiting = subprocess.Popen(
        [sys.executable, "-c", WAITER, str(running.port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert waiting.stdout is not None
    assert waiting.stdout.readline() == "waiting\n"
    assert running.stop(number) == 0
    waiting.kill()
    waiting.wait(timeout=30)
    waiting.stdout.close()
    assert "Traceback" not in log_file.read_text()


WAITER = """
import sys, snowflake.connector
connection = snowflake.connector.connect(
    user="u", password="local-password", account="a", host="127.0.0.1", port=int(sys.argv[1]), protocol="http"
)
print("waiting", flush=True)
connection.cursor().execute("UPDATE STOCKS.PUBLIC.T SET A = 3")
"""
