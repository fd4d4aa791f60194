"""The stages are read in an order in which nothing that moves is ever missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from memory_stages import Pipeline
from world import CHAIN, World, link

from stock_auditor.compare.evidence import Log


def moving(world: World) -> Callable[[], None]:
    """A step of everything that goes on while an audit runs: a record, a flush, a load."""

    def move() -> None:
        assert world.log
        end = world.log.end
        new = link(end, 10)
        world.log = Log(world.log.first, end + 15, 0)
        world.put(new)
        world.load(new)
        after = link(end + 10, 5)
        world.put(after)
        world.load(after)

    return move


def test_what_moves_while_it_is_read_is_never_missing() -> None:
    world = World([link(0, 100), link(100, 100), link(200, 100)])
    move = moving(world)

    class Moving:
        """Each answer of a stage is older than the next stage's."""

        def __init__(self, stage: Any) -> None:
            self._stage = stage

        def __getattr__(self, name: str) -> Any:
            def answer(*arguments: Any) -> Any:
                result = getattr(self._stage, name)(*arguments)
                if name != "objects":
                    move()
                    return result
                listed = list(result)
                move()
                return iter(listed)

            return answer

    auditor = Pipeline(world, wrap=Moving).auditor
    for audit in (auditor.audit_all, auditor.audit_new, lambda: auditor.audit_new({CHAIN: 10**9})):
        status = audit().status
        assert [part.findings for part in status.partitions] == [[]]
        assert status.complete
