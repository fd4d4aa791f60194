from __future__ import annotations

import json
import os
import signal
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from stock_common import service
from stock_common.run import FatalError
from stock_common.service import Context, Service
from stock_common.settings import Port, Settings
from stock_common.version import __version__


class Example(Settings):
    metrics_port: Port = 9199
    example_key: SecretStr = SecretStr("SECRET123")


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    former = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in former.items():
        signal.signal(number, handler)


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def events(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def answer(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as found:
            return found.status, found.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_service_runs_until_the_signal_and_closes(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    calls: list[object] = []

    def work(context: Context[Example]) -> int:
        def step() -> None:
            calls.append(answer(port, "/readyz"))
            context.health.reached("kafka")
            calls.append(answer(port, "/readyz"))
            os.kill(os.getpid(), signal.SIGTERM)

        return context.run(step, lambda deadline: calls.append("close"))

    code = service.serve(Service("example", port, dependencies=("kafka",)), Example(), work)
    assert code == 0
    assert calls == [(503, "waiting for kafka\n"), (200, "ok\n"), "close"]
    first, *_, last = events(capsys)
    assert (first["event"], first["version"], first["service"]) == ("starting", __version__, "example")
    assert first["settings"]["METRICS_PORT"] == 9199
    assert first["settings"]["EXAMPLE_KEY"] != "SECRET123"
    assert (last["event"], last["exit_code"]) == ("closed", 0)
    with pytest.raises(urllib.error.URLError):
        answer(port, "/healthz")


def test_a_taken_port_is_one_sentence_and_1(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code = service.serve(Service("example", port), Example(), lambda context: pytest.fail("it began"))
    assert code == 1
    logged = events(capsys)[-1]
    assert logged["event"] == "cannot start"
    assert f"METRICS_PORT {port} on METRICS_HOST 127.0.0.1 cannot be used" in logged["reason"]


def test_a_fatal_error_is_logged_once_and_gives_1(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    def work(context: Context[Example]) -> int:
        raise FatalError("the bucket does not exist: create it")

    assert service.serve(Service("example", port), Example(), work) == 1
    logged = [each for each in events(capsys) if "create it" in json.dumps(each)]
    assert [each["event"] for each in logged] == ["cannot start"]


def test_after_any_other_error_the_port_is_free_again(port: int) -> None:
    def work(context: Context[Example]) -> int:
        raise RuntimeError("a bug")

    for _ in range(2):
        assert service.serve(Service("example", port), Example(), work) == 1


def test_the_exit_code_is_that_of_the_work(port: int) -> None:
    assert service.serve(Service("example", port), Example(), lambda context: 3) == 3


def test_a_log_directory_that_cannot_be_written_is_a_wrong_configuration(
    tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("not a directory")
    monkeypatch.setenv("LOG_DIR", str(tmp_path / "file"))
    with pytest.raises(SystemExit) as ended:
        service.serve(Service("example", port), Example(), lambda context: 0)
    assert ended.value.code == 2
    assert "LOG_DIR" in capsys.readouterr().err


def test_an_unexpected_error_is_logged_with_its_trace_and_no_secret(
    port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def work(context: Context[Example]) -> int:
        raise RuntimeError(f"refused {context.settings.example_key.get_secret_value()}")

    assert service.serve(Service("example", port), Example(), work) == 1
    shown = capsys.readouterr()
    last = json.loads(shown.out.splitlines()[-1])
    assert last["event"] == "ended by an error"
    assert "RuntimeError: refused ***" in last["exception"]
    assert "SECRET123" not in shown.out + shown.err


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_died_is_unhealthy_at_once(port: int) -> None:
    def work(context: Context[Example]) -> int:
        assert answer(port, "/healthz") == (200, "ok\n")
        thread = threading.Thread(target=lambda: {}["gone"], name="live")
        thread.start()
        thread.join()
        context.health.beat()
        assert answer(port, "/healthz") == (503, "thread live ended by KeyError\n")
        return 0

    assert service.serve(Service("example", port), Example(), work) == 0
