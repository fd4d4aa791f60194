"""All faults of content of one run, and what has to be tidied up after them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator

from chaos.broker_disk import BrokerDisk
from chaos.brokers import Brokers
from chaos.content import Content, Outcome, Sender
from chaos.frozen import FrozenPartition
from chaos.plan import Fault, Kind
from chaos.rig import Rig
from chaos.strays import Strays
from chaos.watch import Watch
from stock_stack.counts import Place
from stock_stack.layout import objects
from stock_stack.services import launcher


class ContentFaults:
    """Carries them out: `carry_out` is a generator, as in faults.py."""

    def __init__(
        self, rig: Rig, watch: Watch, brokers: Brokers, outcome: Outcome, clock: Callable[[], float]
    ) -> None:
        layout = rig.layout
        self._rig, self._orders = rig, rig.orders
        self._sender = Sender(layout.servers)
        self._content = Content(self._sender, rig.orders, watch, layout.url("market", "/control"), clock)
        self._content.outcome = outcome
        self.strays = Strays(objects(layout), clock)
        clients = (self._sender, rig.orders, watch)
        self._disk = BrokerDisk(layout, brokers, self._content, clients, self._skip, clock)
        self._frozen = FrozenPartition(rig, brokers, self._content, watch, clock)

    @property
    def outcome(self) -> Outcome:
        outcome = self._content.outcome
        outcome.strays, outcome.dropped = self.strays.put, self._orders.dropped()
        return outcome

    def carry_out(self, fault: Fault) -> Iterator[None]:
        other = {Kind.FLIP: self._disk.carry_out, Kind.OBJECTS: self.strays.carry_out}
        if fault.number % 2:
            other[Kind.FREEZE] = self._frozen.carry_out
        yield from other.get(fault.kind, self._content.carry_out)(fault)

    def close(self) -> None:
        self._sender.close()
        self.strays.close()

    def _skip(self, place: Place) -> subprocess.Popen[str]:
        topic, partition = place
        return subprocess.Popen(
            [launcher("s3-sink"), "skip", "--topic", topic, "--partition", str(partition), "--yes"],
            env=self._rig.stack.environment("s3-sink"),
            stdout=(self._rig.layout.data / "logs" / "skip.log").open("a"),
            stderr=subprocess.STDOUT,
            text=True,
        )
