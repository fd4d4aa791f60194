"""Nothing outlives its starter, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

STARTER = """
import sys, time
from pathlib import Path
from conftest import python
from stock_stack.ports import free
from stock_stack.site import Site
from stock_stack.stack import Stack
child = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(300)', sys.argv[1]])"
part = python("part", child)
part = type(part)(part.name, (*part.command, sys.argv[1]), part.environment)
stack = Stack(Site(Path(sys.argv[1]), free()), find=lambda *_: part)
stack.start("part")
print("up", flush=True)
time.sleep(300)
"""


def holding(word: str) -> list[int]:
    """Processes with the word on their command line."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            command = (directory / "cmdline").read_bytes()
        except OSError:
            continue
        if word.encode() in command and int(directory.name) != os.getpid():
            found.append(int(directory.name))
    return found


def until(count: int, word: str) -> list[int]:
    end = time.monotonic() + 10
    while len(found := holding(word)) != count and time.monotonic() < end:
        time.sleep(0.05)
    return found


def test_a_starter_killed_by_sigkill_leaves_nothing(tmp_path: Path) -> None:
    word = str(tmp_path / "data")
    os.mkdir(word)
    starter = subprocess.Popen([sys.executable, "-c", STARTER, word], stdout=subprocess.PIPE, cwd=Path(__file__).parent)
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
