"""A peer's process measures itself and prints one line of JSON."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path


class Run:
    """`begin` at the first record (or the assignment), `done` when the last record is durable."""

    def __init__(self) -> None:
        self._begun: float | None = None

    def begin(self) -> None:
        """The first call counts."""
        self._begun = self._begun or time.monotonic()

    def done(self, records: int) -> None:
        if self._begun is None:
            raise RuntimeError("nothing was read")
        seconds = time.monotonic() - self._begun
        peak = re.search(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
        print(
            json.dumps(
                {
                    "records": records,
                    "seconds": seconds,
                    "cpu": time.process_time(),
                    "peak": int(peak[1]) * 1024 if peak else 0,
                }
            ),
            flush=True,
        )
