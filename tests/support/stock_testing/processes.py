"""Which processes belong to a stack: its data directory is in their command line or environment."""

from __future__ import annotations

import os
from pathlib import Path


def of(data: Path) -> dict[int, str]:
    """Process id → command line."""
    word = str(data).encode()
    found = {}
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            command, environment = (directory / "cmdline").read_bytes(), (directory / "environ").read_bytes()
        except OSError:
            continue
        if (word in command or word in environment) and int(directory.name) != os.getpid():
            found[int(directory.name)] = command.replace(b"\0", b" ").decode(errors="replace")
    return found
