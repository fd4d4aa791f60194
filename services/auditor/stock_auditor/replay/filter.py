"""The letter filter: an operator's command that corrects dead letters, bytes in, bytes out."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable

FILTER_SECONDS = 10.0
"""For one letter."""
TEXT_LIMIT = 200

LetterFilter = Callable[[bytes], bytes]
"""The bytes to send for a letter's bytes. Raises ValueError for a letter to leave out."""


def unchanged(value: bytes) -> bytes:
    """The original bytes."""
    return value


def letter_filter(command: str) -> LetterFilter:
    """A filter by the command, which is split as a shell would split it but runs without one.

    Raises ValueError for a command that cannot be run. The filter raises ValueError for a letter that the
    command fails on, or that it answers nothing to.
    """
    words = shlex.split(command)
    if not words:
        raise ValueError("the command is empty")

    def run(value: bytes) -> bytes:
        try:
            done = subprocess.run(
                words, input=value, capture_output=True, timeout=FILTER_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise ValueError(f"no answer within {FILTER_SECONDS:.0f} s") from None
        except OSError as error:
            raise ValueError(str(error)) from None
        if done.returncode:
            text = done.stderr.decode(errors="replace").strip()[:TEXT_LIMIT]
            raise ValueError(f"exit code {done.returncode}: {text}")
        # Commands end their output with a newline, which is not part of the value.
        filtered = done.stdout.removesuffix(b"\n")
        if not filtered:
            raise ValueError("the command answered nothing")
        return filtered

    return run
