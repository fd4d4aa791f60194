from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stock_stack.component import Component
from stock_stack.layout import Layout, base
from stock_stack.ports import free
from stock_stack.stack import Stack

IDLE = "import time; time.sleep(300)"


def python(name: str, code: str = IDLE, **fields: object) -> Component:
    """A component that is a line of Python."""
    return Component(name, (sys.executable, "-c", code), base(), **fields)  # type: ignore[arg-type]


@pytest.fixture
def stack_of(tmp_path: Path) -> Iterator[Callable[..., Stack]]:
    """Makes stacks whose parts are the components given; closes them."""
    made: list[Stack] = []

    def make(*parts: Component) -> Stack:
        known = {part.name: part for part in parts}
        lines: list[str] = []
        stack = Stack(Layout(tmp_path, free()), lines.append, lambda layout, name, instance: known[name])
        made.append(stack)
        return stack

    yield make
    for stack in made:
        stack.close(5)
