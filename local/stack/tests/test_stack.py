from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import python

from stock_stack.stack import ComponentFailed, Stack

StackOf = Callable[..., Stack]
MARK = "import os, pathlib, sys; pathlib.Path('order').open('a').write(sys.argv[0] + '{}\\n')"


def test_what_is_needed_is_started_first_and_jobs_end(stack_of: StackOf, tmp_path: Path) -> None:
    order = tmp_path / "order"
    job = python("job", MARK.format("job"), job=True)
    server = python(
        "server",
        MARK.format("server") + "; import time; time.sleep(300)",
        needs=("job",),
        ready=lambda: "server" in order.read_text(),
    )
    client = python("client", needs=("server",))
    stack = stack_of(job, server, client)
    stack.start("client")
    assert order.read_text() == "-cjob\n-cserver\n"
    assert stack.running() == ["server", "client"]
    stack.start("client")
    assert order.read_text().count("job") == 1


FAILURES = {
    "ends before it is ready": (
        python("part", "print('no disk'); raise SystemExit(3)", ready=lambda: False),
        "part ended with exit code 3.*no disk",
    ),
    "job fails": (
        python("part", "print('no bucket'); raise SystemExit(1)", job=True),
        "part ended with exit code 1.*no bucket",
    ),
    "never ready": (
        python("part", ready=lambda: False, start_seconds=0.3),
        r"part was not ready after \d s.*wrote nothing",
    ),
    "job never ends": (python("part", job=True, start_seconds=0.3), "part was not ready"),
    "no such command": (python("part", ready=lambda: False), "cannot run .*gone: No such file"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_part_that_fails_is_named_with_its_code_and_log(
    stack_of: StackOf, case: str, tmp_path: Path
) -> None:
    part, message = FAILURES[case]
    if case == "no such command":
        part = type(part)(part.name, (str(tmp_path / "gone"),), part.environment, part.ready)
    stack = stack_of(part)
    with pytest.raises(ComponentFailed, match=f"(?s){message}"):
        stack.start("part")
    assert stack.running() == []


def test_an_unexpected_end_is_found(stack_of: StackOf) -> None:
    stack = stack_of(python("part", "import time; time.sleep(0.3); print('broken'); raise SystemExit(4)"))
    stack.start("part")
    with pytest.raises(ComponentFailed, match=r"(?s)part ended unexpectedly with exit code 4.*broken"):
        for _ in range(100):
            stack.check()
            time.sleep(0.05)


def test_a_passing_part_may_end(stack_of: StackOf) -> None:
    """Nothing waits for it, and whatever it ends with is no failure of the stack."""
    stack = stack_of(python("part", "import time; time.sleep(0.5); raise SystemExit(1)", passing=True))
    stack.start("part")
    end = time.monotonic() + 10
    while stack.running() and time.monotonic() < end:
        time.sleep(0.05)
    stack.check()
    assert stack.running() == []


def test_a_killed_part_starts_again_with_its_environment(stack_of: StackOf, tmp_path: Path) -> None:
    part = python(
        "part",
        "import os, pathlib, time; pathlib.Path('seen').open('a').write(os.environ['WORD']); time.sleep(300)",
    )
    stack = stack_of(part)
    stack.start("part", environment={"WORD": "kept "})
    wait_for(tmp_path / "seen", "kept ")
    assert stack.kill("part") == -signal.SIGKILL
    stack.check()
    assert stack.running() == []
    stack.restart("part")
    wait_for(tmp_path / "seen", "kept kept ")


def test_a_part_that_ignores_sigterm_is_killed_after_its_time(stack_of: StackOf, tmp_path: Path) -> None:
    deaf = (
        "import pathlib, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "pathlib.Path('up').write_text('up'); time.sleep(300)"
    )
    stack = stack_of(python("part", deaf, ready=lambda: (tmp_path / "up").exists(), stop_seconds=0.3))
    stack.start("part")
    assert stack.stop("part") == -signal.SIGKILL


def test_parts_stop_in_order(stack_of: StackOf, tmp_path: Path) -> None:
    code = (
        "import pathlib, signal, sys, time\n"
        "def stop(*_):\n    pathlib.Path('stopped').open('a').write({0!r}); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, stop); pathlib.Path({0!r}).touch(); time.sleep(300)"
    )
    parts = [
        python(name, code.format(name), stop_rank=rank, ready=(tmp_path / name).exists)
        for name, rank in (("c", 2), ("a", 0), ("b", 1))
    ]
    stack = stack_of(*parts)
    stack.start("a", "b", "c")
    stack.close(10)
    assert (tmp_path / "stopped").read_text() == "abc"


def test_an_end_that_is_expected_is_noticed_and_the_part_launched_again(
    stack_of: StackOf, tmp_path: Path
) -> None:
    gate = tmp_path / "open"
    gate.touch()
    part = python(
        "part",
        "import pathlib, time; pathlib.Path('seen').open('a').write('up '); time.sleep(300)",
        may_start=gate.exists,
    )
    stack = stack_of(part)
    stack.start("part")
    wait_for(tmp_path / "seen", "up ")
    assert stack.ended() == {}
    stack.signal("part", signal.SIGKILL)
    ended: dict[str, int] = {}
    while not ended:
        ended = stack.ended()
    assert ended == {"part": -signal.SIGKILL}
    gate.unlink()
    assert not stack.launch("part")
    assert stack.running() == []
    gate.touch()
    assert stack.launch("part")
    wait_for(tmp_path / "seen", "up up ")


def wait_for(file: Path, text: str) -> None:
    for _ in range(200):
        if file.exists() and file.read_text() == text:
            return
        time.sleep(0.05)
    raise AssertionError(f"{file} never had the text {text!r}")
