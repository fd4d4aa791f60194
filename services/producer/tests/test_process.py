"""The command itself, as a process: what it refuses, how it ends, and that the key is nowhere it wrote."""

from __future__ import annotations

import json
import os
import signal
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from support.process import KEY, Server, free_port, once, poll_until, running


def test_help_has_examples() -> None:
    shown = once(dict(os.environ), "--help")
    assert shown.returncode == 0
    assert "examples:" in shown.stdout


def test_wrong_configuration_exits_with_2_and_starts_nothing(
    environment: dict[str, str], tmp_path: Path
) -> None:
    shown = once(environment | {"SYMBOLS": "", "ALPHA_VANTAGE_PLAN": "gold", "METRICS_PORT": "x"})
    assert shown.returncode == 2
    assert [
        name for name in ("SYMBOLS", "ALPHA_VANTAGE_PLAN", "METRICS_PORT") if name not in shown.stderr
    ] == []
    assert KEY not in shown.stderr + shown.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_is_refused_ends_it_with_1(server: Server, environment: dict[str, str]) -> None:
    server.reply = (
        200,
        {},
        f'{{"Error Message": "the parameter apikey is invalid or missing: {KEY}"}}'.encode(),
    )
    shown = once(environment)
    assert shown.returncode == 1
    assert "Check ALPHA_VANTAGE_API_KEY" in shown.stdout
    assert len(server.asked) == 1


def test_without_kafka_it_fetches_keeps_and_ends_cleanly_and_the_key_is_nowhere(
    server: Server, environment: dict[str, str], tmp_path: Path
) -> None:
    metrics = f"http://127.0.0.1:{environment['METRICS_PORT']}"
    with running(environment) as process:
        poll_until(lambda: len(server.asked) >= 3, "three calls")
        server.reply = (
            200,
            {},
            f'{{"Information": "We have detected your API key as {KEY}: Burst pattern detected"}}'.encode(),
        )
        calls = len(server.asked)
        poll_until(lambda: len(server.asked) > calls + 1, "refused calls")
        for same in ({"STATE_DIR": str(tmp_path / "other")}, {"ALPHA_VANTAGE_API_KEY": "another"}):
            other = once(environment | same | {"METRICS_PORT": str(free_port())})
            assert (other.returncode, "Another producer runs" in other.stdout) == (1, True)
        shown = urllib.request.urlopen(f"{metrics}/metrics", timeout=5).read().decode()
        assert 'stock_producer_refusals_total{kind="burst"}' in shown
        with pytest.raises(urllib.error.HTTPError, match="503"):
            urllib.request.urlopen(f"{metrics}/readyz", timeout=5)
        title = Path(f"/proc/{process.pid}/cmdline").read_bytes().decode() if Path("/proc").exists() else ""
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=30)
        assert process.returncode == 0, output
    assert json.loads(output.splitlines()[-1])["event"] == "closed"
    written = [
        path.read_bytes()
        for folder in ("state", "logs")
        for path in (tmp_path / folder).rglob("*")
        if path.is_file()
    ]
    assert len(written) >= 4
    assert not any(
        KEY.encode() in text
        for text in (*written, output.encode(), shown.encode(), title.encode(), other.stdout.encode())
    )


def test_the_plan_is_shown_without_key_and_without_a_call() -> None:
    bare = {"PATH": os.environ["PATH"]}
    shown = once(bare, "plan", "--plan", "free", "--symbols", "AAPL,MSFT,IBM")
    assert (shown.returncode, "TIME_SERIES_DAILY" in shown.stdout) == (0, True)
    found = json.loads(once(bare, "plan", "--plan", "75", "--symbols", "aapl", "--json").stdout)
    assert (found["plan"], found["symbols"], found["oldest_seconds"]) == ("75", ["AAPL"], 905.0)
    assert once(bare, "plan").returncode == 2
