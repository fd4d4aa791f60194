"""Over real HTTP: answers, faults, control, and the process itself."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from stock_market.server import MarketServer


def test_answers(client: Any) -> None:
    assert client.send("GET", "/healthz") == (200, "text/plain; charset=utf-8", b"ok\n")
    assert client.send("GET", "/nothing")[0] == 404
    status, kind, content = client.query()
    assert (status, kind, json.loads(content)["endpoint"]) == (
        200,
        "application/json",
        "Global Market Open & Close Status",
    )
    status, kind, content = client.query(function="GLOBAL_QUOTE", symbol="IBM", datatype="csv")
    assert (status, kind, content[:7]) == (200, "application/x-download", b"symbol,")
    status, kind, content = client.query(function="NOPE", datatype="csv")
    assert (status, kind, content[:1]) == (200, "application/json", b"{")


@pytest.mark.parametrize(
    ("fault", "status", "kind", "content"),
    [
        ("http_500", 500, "text/html; charset=utf-8", "Server Error"),
        ("html", 200, "text/html; charset=utf-8", "<!DOCTYPE html>"),
        (
            "daily_quota",
            200,
            "application/json",
            "API key as key and our standard API rate limit is 25 requests per day",
        ),
        ("burst", 200, "application/json", "Burst pattern detected"),
        ("minute", 200, "application/json", "Minute-level rate limit exceed"),
        ("invalid_key", 200, "application/json", "the parameter apikey is invalid or missing"),
        ("empty", 200, "application/json", "{}"),
        ("slow", 200, "application/json", "Global Market Open"),
    ],
)
def test_faults(client: Any, fault: str, status: int, kind: str, content: str) -> None:
    assert client.send("POST", "/control", {"fault": fault, "count": 2, "hold": 0.01})[0] == 200
    for _ in range(2):
        answered = client.query()
        assert answered[:2] == (status, kind)
        assert content in answered[2].decode()
    assert json.loads(client.query()[2])["endpoint"] == "Global Market Open & Close Status"
    assert json.loads(client.send("GET", "/control")[2])["faults"] == []


@pytest.mark.parametrize(
    ("fault", "error"),
    [("truncated", http.client.IncompleteRead), ("timeout", http.client.RemoteDisconnected)],
)
def test_faults_of_the_connection(client: Any, fault: str, error: type[Exception]) -> None:
    client.send("POST", "/control", {"fault": fault, "hold": 0.01})
    with pytest.raises(error):
        client.query()
    assert client.query()[0] == 200


def test_a_fault_of_one_function_for_a_while(client: Any, bench: Any) -> None:
    client.send("POST", "/control", {"fault": "empty", "seconds": 30, "function": "GLOBAL_QUOTE"})
    for _ in range(3):
        assert client.query(function="GLOBAL_QUOTE", symbol="IBM")[2] == b"{}"
        assert client.query()[2] != b"{}"
    bench.second += 30
    assert client.query(function="GLOBAL_QUOTE", symbol="IBM")[2] != b"{}"


def test_faults_on_a_schedule(client: Any, bench: Any) -> None:
    for after in (10, 30):
        client.send("POST", "/control", {"fault": "empty", "after": after, "seconds": 5})
    seen = []
    for _ in range(40):
        seen.append(client.query()[2] == b"{}")
        bench.second += 1
    assert [second for second, faulty in enumerate(seen) if faulty] == [*range(10, 15), *range(30, 35)]


def test_control_counts_the_calls(client: Any) -> None:
    client.query()
    client.query(function="NONE")
    client.send("POST", "/control", {"fault": "html", "function": "GLOBAL_QUOTE", "latency_ms": 1})
    state = json.loads(client.send("GET", "/control")[2])
    assert state["calls"] == [
        {"apikey": "key", "function": "MARKET_STATUS", "outcome": "answered", "calls": 1},
        {"apikey": "key", "function": "NONE", "outcome": "refused", "calls": 1},
    ]
    assert state["faults"] == [
        {
            "fault": "html",
            "answer": None,
            "function": "GLOBAL_QUOTE",
            "begins_in": 0.0,
            "calls_left": 1,
            "seconds_left": None,
        }
    ]
    assert (state["latency_ms"], state["market_time"], state["keys"]["key"]["today"]) == (
        1,
        "2026-11-24T12:00:00.000-05:00",
        2,
    )
    cleared = json.loads(client.send("DELETE", "/control")[2])
    assert (cleared["faults"], cleared["latency_ms"]) == ([], 0)


def test_control_refuses_unknown_orders(client: Any) -> None:
    status, _, content = client.send("POST", "/control", {"fault": "flood", "count": 0, "typo": 1})
    assert status == 400
    assert all(name in json.loads(content)["error"] for name in ("fault", "count", "typo"))
    assert client.send("POST", "/query", {})[0] == 404


def test_a_market_out_of_time_says_so(client: Any, bench: Any) -> None:
    bench.instant += 10 * 365 * 86_400_000
    status, _, content = client.query(function="GLOBAL_QUOTE", symbol="IBM")
    assert (status, b"MARKET_START" in content) == (500, True)


def run(environment: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MARKET_")}
    return subprocess.Popen(
        [sys.executable, "-m", "stock_market", *arguments],
        env=kept | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process(number: signal.Signals, new_client: Callable[[int], Any]) -> None:
    process = run({"MARKET_PORT": "0", "MARKET_START": "2026-11-24T12:00", "MARKET_SPEED": "60"})
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        port = re.fullmatch(
            r"Market listening on http://127\.0\.0\.1:([0-9]+)/query "
            r"\(plan 1200, calendar 24/7, speed 60\)\n",
            line,
        )
        assert port is not None, line
        client = new_client(int(port[1]))
        assert json.loads(client.send("GET", "/control")[2])["market_time"].startswith("2026-11-24T12:0")
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out, err) == (0, "", "")
        client.close()
    finally:
        process.kill()


def test_all_faults_of_the_configuration_in_one_message() -> None:
    process = run(
        {
            "MARKET_PORT": "99999",
            "MARKET_PLAN": "gold",
            "MARKET_CALENDAR": "moon",
            "MARKET_SPEED": "0",
            "MARKET_START": "yesterday",
        }
    )
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert all(
        name in err
        for name in ("MARKET_PORT", "MARKET_PLAN", "MARKET_CALENDAR", "MARKET_SPEED", "MARKET_START")
    )


def test_a_port_that_is_taken(new_bench: Callable[..., Any]) -> None:
    first = MarketServer("127.0.0.1", 0, new_bench().market)
    try:
        out, err = run({"MARKET_PORT": str(first.server_address[1])}).communicate(timeout=60)
        assert (out, err.count("\n"), "Choose another MARKET_HOST or MARKET_PORT." in err) == ("", 1, True)
    finally:
        first.server_close()


def test_help_has_every_variable_and_examples() -> None:
    out, _ = run({}, "--help").communicate(timeout=60)
    assert all(
        f"MARKET_{name}" in out
        for name in ("HOST", "PORT", "PLAN", "CALENDAR", "SPEED", "START", "LATENCY_MS")
    )
    assert "examples:" in out
