"""The commands, and the service as a process, against a real S3 server."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest
from chains import Chains, quote

from stock_common.settings import load
from stock_lake.__main__ import main
from stock_lake.config import LakeSettings
from stock_objects.store import ObjectStore

LONG_AGO = datetime.now(UTC) - timedelta(days=3)
NOW = datetime.now(UTC)
SQL = "SELECT symbol, price, kafka_offset FROM quotes ORDER BY symbol, kafka_offset"


@pytest.fixture
def environment(settings: LakeSettings, real: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket with a closed day and one that is not, named by the environment."""
    chains = Chains(real)
    chains.link([quote(0, at=LONG_AGO), quote(1, "MSFT", at=LONG_AGO), quote(0, at=LONG_AGO)], at=LONG_AGO)
    chains.link([quote(0, at=NOW)], at=NOW)
    monkeypatch.setenv("S3_BUCKET", settings.s3_bucket)
    monkeypatch.setenv("S3_ENDPOINT_URL", settings.s3_endpoint_url or "")
    monkeypatch.setenv("STATE_DIR", settings.state_dir)


Run = Callable[..., str]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process. Gives its output, or its errors where `code` is not 0."""

    def command(*words: str, code: int = 0) -> str:
        try:
            ended = main(words)
        except SystemExit as stop:
            ended = stop.code
        out, err = capfd.readouterr()
        assert ended == code, err
        return err if code else out

    return command


@pytest.mark.usefixtures("environment")
def test_make_days_and_sql(run: Run) -> None:
    out = run("make")
    assert f"{LONG_AGO:%Y-%m-%d} quotes: 2 rows, 1 resent left out." in out
    assert "rows," not in run("make")
    listed = run("days").splitlines()
    assert listed[1].split()[:5] == ["quotes", f"{LONG_AGO:%Y-%m-%d}", "3", "1", "2"]
    lines = run("sql", "--format", "json", SQL).splitlines()
    assert [json.loads(line)["kafka_offset"] for line in lines] == [0, 3, 1]
    assert json.loads(lines[0]) == {"symbol": "AAPL", "price": 101.25, "kafka_offset": 0}
    csv = run("sql", "--format", "csv", "--closed", SQL)
    assert csv == '"symbol","price","kafka_offset"\n"AAPL",101.250000,0\n"MSFT",101.250000,1\n'
    table = run("sql", "SELECT symbol, COUNT(*) AS n FROM quotes GROUP BY 1 ORDER BY 1")
    assert table == "symbol  n\nAAPL    2\nMSFT    1\n"
    then = (LONG_AGO + timedelta(hours=1)).isoformat()
    assert run("sql", "--as-of", then, "SELECT COUNT(*) AS n FROM quotes") == "n\n2\n"


@pytest.mark.usefixtures("environment")
def test_a_whole_answer_as_parquet(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["sql", "--format", "parquet", SQL]) == 0
    found = pq.read_table(io.BytesIO(capfdbinary.readouterr().out))
    assert found["kafka_offset"].to_pylist() == [0, 3, 1]


@pytest.mark.usefixtures("environment")
def test_faults_are_sentences(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "DuckDB does not take the question" in run("sql", "SELECT nothing", code=1)
    assert "write one SELECT" in run("sql", "CREATE TABLE t (a INT)", code=1)
    assert "has no offset from UTC" in run("sql", "--as-of", "2026-11-25", "SELECT 1", code=2)
    monkeypatch.setenv("S3_BUCKET", "nobody")
    assert "does not exist" in run("days", code=1)
    monkeypatch.setenv("S3_BUCKET", "")
    assert "S3_BUCKET is not set" in run("make", code=2)


@pytest.mark.usefixtures("environment")
def test_the_service_makes_closed_days_and_stops() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = os.environ | {"METRICS_PORT": str(port)}
    process = subprocess.Popen([sys.executable, "-m", "stock_lake"], env=variables, stdout=subprocess.PIPE)
    try:
        end = time.monotonic() + 60
        while 'stock_lake_days_total{table="quotes"} 1.0' not in (page := answer(port, "/metrics")):
            assert time.monotonic() < end, page
            time.sleep(0.2)
        while answer(port, "/readyz") != "ok\n":
            assert time.monotonic() < end
            time.sleep(0.2)
        assert answer(port, "/healthz") == "ok\n"
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=20)
        assert process.returncode == 0
        assert b'"day made"' in out
    finally:
        process.kill()
        process.wait(10)


def answer(port: int, path: str) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as response:
            return response.read().decode()
    except OSError:
        return ""


def test_the_default_catalog_is_in_the_state_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S3_BUCKET", "stocks")
    monkeypatch.setenv("STATE_DIR", "/var/lib/stock-lake")
    assert load(LakeSettings).catalog_uri == "sqlite:////var/lib/stock-lake/catalog.db"
    monkeypatch.setenv("LAKE_CATALOG_URI", "sqlite:////elsewhere.db")
    assert load(LakeSettings).catalog_uri == "sqlite:////elsewhere.db"
