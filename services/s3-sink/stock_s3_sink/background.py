"""Work in threads that never hold the end of the process.

An executor's threads are joined when the interpreter ends. A put that hangs would then hold a sink that has
closed, until its platform kills it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def run(name: str, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> Future[T]:
    """Begins the work in a thread of its own, called `name`."""
    future: Future[T] = Future()

    def carry_out() -> None:
        try:
            future.set_result(work(*arguments, **named))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=carry_out, name=name, daemon=True).start()
    return future
