"""One partition stands still while the others go on: the brokers' answers to the sinks lack its records.

Only the connections that are open when it begins are frozen, as by a fault of the client or of a network
device. A new assignment uses them too, so only a new process heals it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from chaos.brokers import Brokers
from chaos.content import Content
from chaos.fetches import Withheld
from chaos.plan import TARGETS, Fault
from chaos.rig import Rig
from chaos.watch import Watch
from stock_common.topics import QUOTES
from stock_stack.counts import Place

SINKS = TARGETS["s3-sink"]
NAMED_SECONDS = 60.0
NAMED = '"event": "partition stood still: it is assigned again"'


class FrozenPartition:
    """`clock` is monotonic seconds."""

    def __init__(
        self, rig: Rig, brokers: Brokers, content: Content, watch: Watch, clock: Callable[[], float]
    ) -> None:
        self._rig, self._brokers, self._content = rig, brokers, content
        self._watch, self._clock = watch, clock

    def carry_out(self, fault: Fault) -> Iterator[None]:
        place = QUOTES.name, random.Random(fault.number).randrange(QUOTES.partitions)
        topic_id = yield from self._brokers.topic_id(place[0])
        sizes, end = self._sizes(), self._watch.counts.kafka.get(place, 0)

        def withheld() -> bool:
            if self._rig.proxies.withholds(SINKS):
                return True
            # Again each time: another fault may have ended the sinks' connections meanwhile.
            self._rig.proxies.withhold(SINKS, Withheld(topic_id, place[1]))
            return False

        def over() -> bool:
            return self._watch.on_s3(place, end) or not self._rig.proxies.withholds(SINKS)

        def named() -> bool:
            return over() or any(self._says(name, size, place) for name, size in sizes.items())

        yield from self._content.healed(fault, withheld, "nothing was withheld")
        begun = self._clock()
        yield from self._content.healed(fault, named, "nobody says that the partition stands still")
        if not over() and self._clock() - begun > NAMED_SECONDS:
            self._content.outcome.unhealed.append(f"fault {fault.number}: named after {NAMED_SECONDS:.0f} s")
        yield from self._content.healed(
            fault, lambda: self._watch.on_s3(place, end), f"{place[0]}/{place[1]} stands still"
        )
        self._rig.proxies.release(SINKS)

    def _sizes(self) -> dict[str, int]:
        return {name: self._rig.layout.log(name).stat().st_size for name in SINKS}

    def _says(self, name: str, size: int, place: Place) -> bool:
        with self._rig.layout.log(name).open("rb") as log:
            log.seek(size)
            lines = log.read().decode(errors="replace").splitlines()
        return any(NAMED in line and f'"partition": {place[1]}' in line for line in lines)
