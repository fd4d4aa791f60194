"""What the demo prints: lines, and on a terminal a last line that is renewed in place."""

from __future__ import annotations

import shutil
from datetime import datetime
from typing import TextIO

from stock_common.printable import printable, say, visible
from stock_stack.counts import Counts

LINE_SECONDS = 10.0
"""How often the progress line is printed where it cannot be renewed in place."""


def live_line(counts: Counts, now: datetime) -> str:
    """Quotes in each stage, how many Snowflake still lacks, and the age of its newest quote."""
    kafka, s3, snowflake = (counts.quotes(stage) for stage in (counts.kafka, counts.s3, counts.snowflake))
    age = (
        "no quote loaded yet"
        if counts.newest is None
        else f"newest loaded {max(0.0, (now - counts.newest).total_seconds()):.0f} s old"
    )
    left = f"{kafka - snowflake:,} not loaded yet"
    return f"quotes: Kafka {kafka:,} · S3 {s3:,} · Snowflake {snowflake:,} · {left} · {age}"


class Terminal:
    """Writes to `out`. It uses colour, and renews the progress line, only on a terminal."""

    def __init__(self, out: TextIO, colour: bool) -> None:
        self._out = out
        self._in_place = out.isatty()
        self._colour = colour and self._in_place
        self._open = False
        self._shown_at = float("-inf")

    def say(self, text: str, bold: bool = False) -> None:
        """Prints a line that stays."""
        self._end_live()
        shown = visible(text)
        print(f"\x1b[1m{shown}\x1b[0m" if bold and self._colour else shown, file=self._out, flush=True)

    def live(self, text: str, now: float) -> None:
        """Shows the progress line. `now` is monotonic seconds."""
        if self._in_place:
            # A line that wraps could not be renewed in place.
            self._out.write(f"\r\x1b[K{printable(text, shutil.get_terminal_size().columns - 1)}")
            self._out.flush()
            self._open = True
        elif now - self._shown_at >= LINE_SECONDS:
            self._shown_at = now
            say(text, self._out)

    def _end_live(self) -> None:
        if self._open:
            self._out.write("\n")
            self._open = False
