"""Whether the demo can start here, and the data directory that it starts with."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from stock_stack.brokers import JARS, java
from stock_stack.services import SERVICES, launcher

MARK = ".stock-stack"
"""The file in a data directory that says that a demo made it. While one runs, it has its ports."""
EXIT_UNUSABLE = 2


class Unusable(Exception):
    """The demo cannot start here. The text says what to do."""


def prepare(data: Path, keep: bool) -> TextIO:
    """An empty data directory, or with `keep` that of the last run. It is ours while the file is open.

    Raises Unusable where the demo is not built or Java is missing, and for a directory that another demo uses
    or that no demo made.
    """
    _check_programs()
    mark = _claim(data)
    if not keep:
        _empty(data)
    return mark


def announce(mark: TextIO, ports: Mapping[str, int]) -> None:
    """Says in the file that `prepare` gave which port each part has, for `running`."""
    mark.truncate(0)
    json.dump(dict(ports), mark)
    mark.flush()


def running(data: Path) -> dict[str, int]:
    """Part → port of the demo that runs with `data`. Raises Unusable where none does."""
    try:
        with (data / MARK).open() as mark:
            fcntl.flock(mark, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return json.loads((data / MARK).read_text())
    except FileNotFoundError:
        pass
    raise Unusable(f"No demo runs with {data}: make demo starts one.")


def _check_programs() -> None:
    if not JARS.is_dir() or not all(Path(launcher(name)).exists() for name in SERVICES):
        raise Unusable("The demo is not built yet: run make build.")
    if not java():
        raise Unusable(
            "Kafka runs on Java: install Maven, which brings it, "
            "or use Docker: docker compose up --build --wait."
        )


def _claim(data: Path) -> TextIO:
    """Locks the directory for this process. Makes it where it is missing."""
    if data.exists() and any(data.iterdir()) and not (data / MARK).exists():
        raise Unusable(f"{data} holds something else: name an empty directory by --data.")
    data.mkdir(parents=True, exist_ok=True)
    # Not "w": that would empty the file of a demo that runs.
    mark = (data / MARK).open("a")
    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Unusable(f"Another demo uses {data}: name another directory by --data.") from None
    return mark


def _empty(data: Path) -> None:
    for old in data.iterdir():
        if old.is_dir():
            shutil.rmtree(old)
        elif old.name != MARK:
            old.unlink()
