"""The market look-alike as a process, in its own environment."""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[4] / "local" / "market"


class LookAlike:
    def __init__(self, address: str) -> None:
        self.url = f"{address}/query"
        self._control = f"{address}/control"

    def state(self) -> dict[str, Any]:
        return json.loads(urllib.request.urlopen(self._control, timeout=5).read())

    def order(self, **order: object) -> None:
        urllib.request.urlopen(
            urllib.request.Request(self._control, json.dumps(order).encode(), method="POST"), timeout=5
        ).close()

    def answered(self) -> int:
        return sum(entry["calls"] for entry in self.state()["calls"] if entry["outcome"] == "answered")

    def refused(self) -> int:
        return sum(entry["calls"] for entry in self.state()["calls"] if entry["outcome"] == "refused")


@contextmanager
def look_alike(**settings: str) -> Iterator[LookAlike]:
    python = FOLDER / ".venv" / "bin" / "python"
    assert python.exists(), "build the market's environment: local/stack/env.sh build local/market"
    environment = {"PATH": os.environ["PATH"], "MARKET_PORT": "0", **settings}
    process = subprocess.Popen(
        [python, "-m", "stock_market"], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        shown = re.search(r"http://[\d.:]+", process.stdout.readline())
        assert shown, "the market did not start"
        yield LookAlike(shown[0])
    finally:
        process.kill()
        process.communicate()
