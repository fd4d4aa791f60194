from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from prometheus_client import CollectorRegistry
from pydantic import Field, SecretStr

from stock_common import logs, settings
from stock_common.deadline import Deadline
from stock_common.health import Health, MetricsServer
from stock_common.redaction import Redactor
from stock_common.run import FatalError, Stop, run
from stock_common.settings import Port, Settings


class Example(Settings):
    example_bucket: str = Field(description="Where to write.")
    example_port: Port = 1
    example_key: SecretStr


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_every_fault_is_in_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_PORT", "70000")
    monkeypatch.setenv("LOG_LEVEL", "LOUD")
    with pytest.raises(settings.ConfigurationError) as refused:
        settings.load(Example)
    text = str(refused.value)
    assert "EXAMPLE_BUCKET is not set (Where to write.)" in text
    assert "EXAMPLE_KEY is not set" in text
    assert "EXAMPLE_PORT" in text
    assert "LOG_LEVEL" in text
    assert "70000" not in text


def test_secrets_are_masked_in_the_log(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("EXAMPLE_BUCKET", "b")
    monkeypatch.setenv("EXAMPLE_KEY", "SECRET123")
    loaded = settings.load(Example)
    log = logs.setup("example", loaded)
    try:
        raise RuntimeError("GET /query?apikey=OTHER9&symbol=A failed for SECRET123")
    except RuntimeError:
        log.exception("failed", settings=settings.public(loaded), nested={"urls": ["https://u:pw12@h/"]})
    line = capsys.readouterr().out
    assert json.loads(line)["service"] == "example"
    for secret in ("SECRET123", "OTHER9", "pw12"):
        assert secret not in line


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("We have detected your API key as ABCD1234 and our", "We have detected your API key as *** and our"),
        ("?function=X&apikey=ABC&symbol=IBM", "?function=X&apikey=***&symbol=IBM"),
        ("nothing here", "nothing here"),
    ],
)
def test_redaction(text: str, clean: str) -> None:
    assert Redactor()(text) == clean


def test_loop_runs_until_the_signal_and_closes_once() -> None:
    clock = Clock()
    stop, health = Stop(), Health(clock=clock)
    stop.install()
    calls: list[str] = []

    def step() -> None:
        calls.append("step")
        if len(calls) == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    code = run(step, lambda deadline: calls.append(f"close {deadline.remaining():.0f}"), health, stop, logs.logger("test"))
    assert (code, calls) == (0, ["step", "step", "step", "close 25"])


def test_a_signal_that_comes_while_waiting_never_blocks() -> None:
    """Signals at any moment of many waits: the lock of a threading.Event would be taken twice by the same thread."""
    code = (
        "import signal\n"
        "from stock_common.run import Stop\n"
        "stop = Stop()\n"
        "signal.signal(signal.SIGALRM, lambda number, frame: stop.set())\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)\n"
        "for _ in range(200_000): stop.wait(0.00001)\n"
        "signal.setitimer(signal.ITIMER_REAL, 0)\n"
        "assert stop and stop.wait(60)\n"
    )
    subprocess.run([sys.executable, "-c", code], timeout=30, check=True)


def test_fatal_error_closes_and_gives_one() -> None:
    closed: list[bool] = []

    def step() -> None:
        raise FatalError("the bucket is gone")

    assert run(step, lambda _: closed.append(True), Health(), Stop(), logs.logger("test")) == 1
    assert closed == [True]


def test_health_is_progress() -> None:
    clock = Clock()
    health = Health(["kafka"], stalled_after=10, clock=clock)
    registry = CollectorRegistry()
    server = MetricsServer("127.0.0.1", 0, registry, health)
    server.start()

    def get(path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    try:
        assert get("/readyz") == (503, "waiting for kafka\n")
        health.reached("kafka")
        assert get("/readyz") == (200, "ok\n")
        assert get("/healthz")[0] == 200
        clock.now = 11
        assert get("/healthz") == (503, "no progress for 11 s\n")
        assert "stock_heartbeat_healthy 0.0" in get("/metrics")[1]
        health.beat()
        assert get("/healthz")[0] == 200
        assert get("/other")[0] == 404
    finally:
        server.close()


def test_deadline_is_shared() -> None:
    clock = Clock()
    deadline = Deadline(25, clock)
    clock.now = 20
    assert deadline.remaining() == 5
    clock.now = 30
    assert deadline.passed
