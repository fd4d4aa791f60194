"""The examples of the producer's README for backfill, paid and free, print exactly what stands there."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest

from stock_stack.layout import Layout
from stock_stack.ports import free
from stock_stack.registry import REPOSITORY
from stock_stack.services import launcher
from stock_stack.stack import Stack

README = (REPOSITORY / "services" / "producer" / "README.md").read_text(encoding="utf-8")
SECTION = README[README.index("\n## Backfill") : README.index("\n## Configuration")]
PAID, FREE = re.findall(r"^```\n(.*?)^```", SECTION, re.DOTALL | re.MULTILINE)
FIRST = date(2026, 11, 2)
"""Of the free example: a Monday, from which three weeks are asked for. A free key has 100 sessions only."""
SPACED = {"MIN_INTERVAL_SECONDS": "3"}
"""A busy machine's calls may arrive within the second that a free key has one in."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(Layout(tmp_path_factory.mktemp("kafka"), free()), print) as stack:
        stack.start("topics")
        yield stack


@contextmanager
def market(plan: str) -> Iterator[str]:
    """The look-alike with New York's sessions. Gives its address."""
    command = str(REPOSITORY / "local/market/.venv/bin/stock-market")
    environment = {
        "PATH": os.environ["PATH"],
        "MARKET_PORT": "0",
        "MARKET_PLAN": plan,
        "MARKET_CALENDAR": "XNYS",
    }
    process = subprocess.Popen([command], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        shown = re.search(r"http://[\d.:]+/query", process.stdout.readline())
        assert shown
        yield shown[0]
    finally:
        process.kill()
        process.communicate()


def sessions(url: str) -> set[date]:
    """The last 100, as the look-alike has them."""
    address = f"{url}?function=TIME_SERIES_DAILY&symbol=IBM&apikey=calendar"
    answer = json.loads(urllib.request.urlopen(address, timeout=30).read())
    return {date.fromisoformat(day) for day in answer["Time Series (Daily)"]}


def moved(text: str, days: set[date]) -> str:
    """The example with its November's days moved to the last three whole weeks without a holiday."""
    mondays = sorted((day for day in days if day.weekday() == 0), reverse=True)
    weekdays = [timedelta(number) for number in range(19) if number % 7 < 5]
    first = next(monday for monday in mondays if all(monday + each in days for each in weekdays))
    return re.sub(r"2026-11-\d\d", lambda found: str(date.fromisoformat(found[0]) - FIRST + first), text)


def examples(block: str) -> list[tuple[str, str]]:
    """Command and output, in their order."""
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    return [(command, output) for command, _, output in (part.partition("\n") for part in parts)]


@pytest.mark.parametrize(
    ("block", "plan", "codes"),
    [pytest.param(PAID, "1200", [0], id="paid"), pytest.param(FREE, "free", [2, 0], id="free")],
)
def test_the_examples_print_what_stands_there(
    stack: Stack, tmp_path: Path, block: str, plan: str, codes: list[int]
) -> None:
    found = []
    with market(plan) as url:
        wanted = examples(moved(block, sessions(url)))
        environment = stack.environment("producer") | {
            "ALPHA_VANTAGE_URL": url,
            "ALPHA_VANTAGE_PLAN": plan,
            "MARKET_CALENDAR": "auto",
            "STATE_DIR": str(tmp_path),
            "LOG_LEVEL": "ERROR",
            **SPACED,
        }
        for command, _ in wanted:
            program, *words = shlex.split(command)
            assert program == "stock-producer"
            done = subprocess.run(
                [launcher("producer"), *words], env=environment, capture_output=True, text=True, timeout=360
            )
            found.append((command, done.stderr + done.stdout, done.returncode))
    assert found == [(command, output, code) for (command, output), code in zip(wanted, codes, strict=True)]
