"""What no code caught: an error that ends the main thread or another one, or comes from an object's end.

The interpreter prints its trace on stderr alone, with the secrets that are in it.
"""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable
from types import TracebackType

import structlog

from stock_common.printable import say
from stock_common.redaction import from_environment

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]
Report = Callable[[str, ExcInfo], None]
"""Takes where it happened, and the error."""


def to_log(log: structlog.stdlib.BoundLogger, ended: Callable[[str], None] = lambda reason: None) -> None:
    """From now on the process's log has them, with their traces. `ended` gets what ended a thread."""
    _install(lambda where, info: log.error("not caught", where=where, exc_info=info), ended)


def to_stderr() -> None:
    """From now on each is a sentence on stderr."""
    _install(lambda where, info: say(f"In {where}: {sentence(info[1])}", sys.stderr))


def sentence(error: BaseException) -> str:
    """What a person can report, secrets masked: the error and the line that it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
    what = from_environment()(f"{type(error).__name__}: {error}")
    return f"The program has a fault, please report it: {what}{place}"


def _install(report: Report, ended: Callable[[str], None] = lambda reason: None) -> None:
    def main(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        else:
            report("the main thread", (kind, error, trace))

    def thread(given: threading.ExceptHookArgs) -> None:
        if given.exc_value is not None and not issubclass(given.exc_type, SystemExit):
            name = given.thread.name if given.thread else "unknown"
            ended(f"thread {name} ended by {given.exc_type.__name__}")
            report(f"thread {name}", (given.exc_type, given.exc_value, given.exc_traceback))

    def unraisable(given: sys.UnraisableHookArgs) -> None:
        if given.exc_value is not None:
            where = given.err_msg or "Exception ignored in"
            report(f"{where}: {given.object!r}", (given.exc_type, given.exc_value, given.exc_traceback))

    sys.excepthook, threading.excepthook, sys.unraisablehook = main, thread, unraisable
