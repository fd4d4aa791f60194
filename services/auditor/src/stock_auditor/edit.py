"""An operator's command that mends letters: each value goes through its standard input and output."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable

EDIT_SECONDS = 10.0
"""For one letter."""
TEXT_LIMIT = 200


def unchanged(value: bytes) -> bytes:
    """The original bytes."""
    return value


def editor(command: str) -> Callable[[bytes], bytes]:
    """A function value → value by the command, which is split as a shell would but run without one. Raises ValueError for one that cannot be run.

    The function raises ValueError for a letter that the command fails on, or answers nothing: it is left out.
    """
    words = shlex.split(command)
    if not words:
        raise ValueError("the command is empty")

    def edit(value: bytes) -> bytes:
        try:
            done = subprocess.run(words, input=value, capture_output=True, timeout=EDIT_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise ValueError(f"no answer within {EDIT_SECONDS:.0f} s") from None
        except OSError as error:
            raise ValueError(str(error)) from None
        if done.returncode:
            raise ValueError(f"exit code {done.returncode}: {done.stderr.decode(errors='replace').strip()[:TEXT_LIMIT]}")
        # A line's end is what a filter adds, and nothing that a value has.
        edited = done.stdout.removesuffix(b"\n")
        if not edited:
            raise ValueError("the command answered nothing")
        return edited

    return edit
