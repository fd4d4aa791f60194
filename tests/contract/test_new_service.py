"""A new service touches its folder and one place each in compose.yaml, services.yaml and README.md.

The test adds `echo` to a copy of the tracked tree, and asks whatever knows the services whether it knows it.
docs/reference is not counted, because `make reference` writes it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from pathlib import Path

import echo_service
import pytest

ROOT = Path(__file__).resolve().parents[2]
TOUCHED = {
    "services.yaml",
    "compose.yaml",
    "README.md",
    *(f"services/echo/{name}" for name in echo_service.FOLDER),
}
STACK = """
import json, tempfile
from pathlib import Path
from stock_stack.layout import Layout
from stock_stack.ports import PUBLIC, free
from stock_stack.registry import services
from stock_stack.services import ALL, component
part = component(Layout(Path(tempfile.mkdtemp()), free()), "echo")
print(json.dumps({
    "registry": services()["echo"].metrics_port, "port": PUBLIC["echo-metrics"], "all": "echo" in ALL,
    "command": part.command, "needs": part.needs, "variables": list(part.environment),
}))
"""


def git(tree: Path, *words: str) -> str:
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    done = subprocess.run(["git", *identity, *words], cwd=tree, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tracked files, as a repository, with the service added."""
    copy = tmp_path_factory.mktemp("tree")
    for name in git(ROOT, "ls-files", "-z").split("\0"):
        if name and (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    git(copy, "init", "--quiet")
    git(copy, "add", "--all", "--force")
    git(copy, "commit", "--quiet", "--no-verify", "--message", "before")
    echo_service.add(copy)
    git(copy, "add", "--all")
    return copy


def environment(tree: Path) -> dict[str, str]:
    """With the copy's packages before those of the environment."""
    folders = [path for place in ("libs", "services", "local") for path in sorted((tree / place).iterdir())]
    return os.environ | {"PYTHONPATH": ":".join(map(str, folders)), "PYTHONDONTWRITEBYTECODE": "1"}


def python(tree: Path, *words: str, place: str = ".") -> str:
    done = subprocess.run(
        [sys.executable, *words], cwd=tree / place, env=environment(tree), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_nothing_else_is_touched(tree: Path) -> None:
    assert set(git(tree, "diff", "--cached", "--name-only").split()) == TOUCHED
    added = git(tree, "diff", "--cached", "--numstat", "--", "services.yaml", "compose.yaml", "README.md")
    assert all(line.split()[1] == "0" for line in added.splitlines()), "lines are only added"


def test_the_local_stack_starts_it(tree: Path) -> None:
    found = json.loads(python(tree, "-c", STACK))
    assert found["registry"] == found["port"] == echo_service.PORT and found["all"]
    assert found["command"] == [str(tree / "services/echo/.venv/bin/stock-echo")]
    assert found["needs"] == ["topics"] and "METRICS_PORT" in found["variables"]


def test_the_contract_covers_it(tree: Path) -> None:
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "echo", "tests/contract")
    out = python(tree, *words, "--ignore=tests/contract/test_new_service.py")
    passed = re.search(r"(\d+) passed", out)
    assert passed and int(passed[1]) >= 8 and "skipped" not in out, out


def test_the_rules_of_imports_cover_it(tree: Path) -> None:
    rules = tomllib.loads(python(tree, "tests/import_rules.py"))["tool"]["importlinter"]
    contracts = {contract["name"]: contract for contract in rules["contracts"]}
    assert "stock_echo" in rules["root_packages"]
    assert "stock_echo" in contracts["Services never import each other"]["modules"]
    assert "stock_echo" in contracts["Services and libs never import what is local"]["source_modules"]
    assert {"Only adapters of stock_echo speak to the systems outside", "The rooms of echo"} <= set(contracts)


def test_it_must_expose_what_its_readme_lists(tree: Path) -> None:
    code = "import matrix; print(*sorted(matrix.missing('echo', set())), matrix.missing('echo', EXPOSED))"
    exposed = "{'stock_echo_rounds_total', 'stock_heartbeat_healthy'}"
    out = python(tree, "-c", code.replace("EXPOSED", exposed), place="tests/integration")
    assert out.split() == ["stock_echo_rounds_total", "stock_heartbeat_healthy", "set()"]


def test_the_calculator_counts_it(tree: Path) -> None:
    words = ("-c", "import cost; print(cost.TASKS['echo'], 'echo' in cost.SPOT_TASKS)")
    assert python(tree, *words, place="infra").strip() == "(256, 512) True"


def test_its_environment_is_built_with_the_others(tree: Path) -> None:
    """`make` finds the folders itself, and the contract's environment has every service."""
    listed = subprocess.run(
        ["make", "--no-print-directory", "--print-data-base", "--question", "help"],
        cwd=tree, capture_output=True, text=True,
    ).stdout  # fmt: skip
    run = re.search(r"^RUN :?= (.*)$", listed, re.MULTILINE)
    assert run, "the Makefile has no variable RUN"
    everything = tomllib.loads((tree / "tests/contract/pyproject.toml").read_text())
    assert everything["tool"]["stock"]["every-service"] is True


def test_it_runs(tree: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = environment(tree) | {"METRICS_PORT": str(port), "LOG_DIR": ""}
    process = subprocess.Popen([sys.executable, "-m", "stock_echo"], env=variables, stdout=subprocess.DEVNULL)
    try:
        assert "stock_echo_rounds_total" in answer(port, "/metrics")
        assert answer(port, "/readyz") == answer(port, "/healthz") == "ok\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait(10)


def answer(port: int, path: str, seconds: float = 20) -> str:
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as response:
                return response.read().decode()
        except OSError:
            assert time.monotonic() < end, f"{path} does not answer"
            time.sleep(0.1)
