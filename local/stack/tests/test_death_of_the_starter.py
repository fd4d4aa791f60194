"""No process outlives its starter, however the starter ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stock_stack import parent_death, process

STARTER = """
import sys, time
from pathlib import Path
from conftest import python
from stock_stack import process
from stock_stack.layout import Layout
from stock_stack.ports import free
from stock_stack.stack import Stack
process.PARENT_DEATH = Path(sys.argv[2])
sleep = "import time; time.sleep(300)"
child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {sleep!r}, sys.argv[1]])"
part = python("part", child)
part = type(part)(part.name, (*part.command, sys.argv[1]), part.environment)
stack = Stack(Layout(Path(sys.argv[1]), free()), find=lambda *_: part)
stack.start("part")
print("up", flush=True)
time.sleep(300)
"""


def holding(word: str) -> list[int]:
    """Processes with the word on their command line. `ps` knows these options on Linux and macOS."""
    listed = subprocess.run(
        ["ps", "-axww", "-o", "pid=,command="], capture_output=True, text=True, check=True
    )
    found = [int(line.split()[0]) for line in listed.stdout.splitlines() if word in line]
    return [pid for pid in found if pid != os.getpid()]


def until(count: int, word: str) -> list[int]:
    end = time.monotonic() + 10
    while len(found := holding(word)) != count and time.monotonic() < end:
        time.sleep(0.05)
    return found


@pytest.fixture(params=["as it is", "without prctl"])
def wrapper(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """parent_death.py, and the same on a system whose C library has no `prctl`."""
    if request.param == "as it is":
        return process.PARENT_DEATH
    text, count = re.subn(r"\)\.prctl\(", ").no_such_call(", process.PARENT_DEATH.read_text())
    assert count == 1
    path = tmp_path / "parent_death.py"
    path.write_text(text)
    return path


def test_a_starter_killed_by_sigkill_leaves_nothing(tmp_path: Path, wrapper: Path) -> None:
    word = str(tmp_path / "data")
    os.mkdir(word)
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, word, wrapper], stdout=subprocess.PIPE, cwd=Path(__file__).parent
    )
    try:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"up\n"
        assert len(until(3, word)) == 3, "the starter, the part and the part's child"
        starter.send_signal(signal.SIGKILL)
        starter.wait(10)
        assert until(0, word) == []
    finally:
        starter.kill()
        starter.wait(10)
        starter.stdout.close()


@pytest.mark.parametrize("error", [AttributeError, OSError])
def test_a_system_without_prctl_is_no_error(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def library(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(parent_death.ctypes, "CDLL", library)
    parent_death.ask_kernel()
