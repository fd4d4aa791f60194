"""Errors that no code catches, in a process of their own: what the interpreter prints is what counts."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

SERVICE = """
import os, sys, threading
from pydantic import SecretStr
from stock_common import logs, service, uncaught
from stock_common.settings import Settings

class Example(Settings):
    example_key: SecretStr = SecretStr("SECRET123")

uncaught.to_log(logs.setup("example", Example()))
"""
COMMAND = """
import sys, threading
from stock_common import cli
"""
FAIL = "raise RuntimeError('GET /query?apikey=OTHER9 failed for SECRET123 \\x1b[2J')"
THREAD = f"""
def fail():
    {FAIL}
thread = threading.Thread(target=fail, name="live")
thread.start()
thread.join()
"""
UNRAISABLE = f"""
class Handle:
    def __del__(self):
        {FAIL}
Handle()
"""
WARNING = "import warnings; warnings.warn('SECRET123 is old')"


def run(code: str) -> subprocess.CompletedProcess[str]:
    command, environment = [sys.executable, "-c", code], os.environ | {"EXAMPLE_KEY": "SECRET123"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    for secret in ("SECRET123", "OTHER9", "\x1b"):
        assert secret not in done.stdout + done.stderr
    return done


@pytest.mark.parametrize(
    ("code", "where", "exit_code"),
    [
        pytest.param(FAIL, "the main thread", 1, id="main thread"),
        pytest.param(THREAD, "thread live", 0, id="thread"),
        pytest.param(UNRAISABLE, "Exception ignored", 0, id="end of an object"),
    ],
)
def test_the_log_of_a_service_has_it(code: str, where: str, exit_code: int) -> None:
    done = run(SERVICE + code)
    assert done.stderr == ""
    line = json.loads(done.stdout)
    assert (done.returncode, line["service"], line["event"]) == (exit_code, "example", "not caught")
    assert line["where"].startswith(where)
    assert "RuntimeError: GET /query?apikey=***" in line["exception"]


def test_a_warning_is_a_line_of_the_log() -> None:
    done = run(SERVICE + WARNING)
    assert done.stderr == ""
    assert "*** is old" in json.loads(done.stdout)["event"]


def test_the_end_of_a_thread_on_purpose_is_no_error() -> None:
    done = run(SERVICE + "thread = threading.Thread(target=sys.exit); thread.start(); thread.join()")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("body", "where"),
    [
        pytest.param(FAIL, "", id="main thread"),
        pytest.param(THREAD, "In thread live: ", id="thread"),
        pytest.param(UNRAISABLE, "In Exception ignored", id="end of an object"),
    ],
)
def test_a_command_says_it_in_a_sentence(body: str, where: str) -> None:
    inner = "\n".join(f"    {line}" for line in body.strip().splitlines())
    done = run(f"{COMMAND}\ndef perform():\n{inner}\n    return 0\nsys.exit(cli.run(perform))")
    (line,) = done.stderr.splitlines()
    assert line.startswith(where)
    assert "The program has a fault, please report it: RuntimeError: GET /query?apikey=***" in line
    assert "Traceback" not in line
    assert (done.stdout, done.returncode) == ("", 0 if where else 1)
