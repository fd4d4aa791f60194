"""Each fault as a generator: it yields while it lasts, and has ended what it did when it is done."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator

from chaos.brokers import Brokers
from chaos.kafka_errors import Refusals
from chaos.lines import Mode
from chaos.links import concerned, refusing
from chaos.plan import DEATHS, Fault, Kind
from chaos.proxy import Proxies
from chaos.supervisor import Supervisor
from chaos.waits import during, until
from stock_stack.stack import Stack

ENDS = (Kind.KILL, Kind.PAUSE, Kind.RESTART)


class Faults:
    """Carries faults out, several at a time: none of the calls blocks. `clock` is monotonic seconds."""

    def __init__(
        self,
        stack: Stack,
        supervisor: Supervisor,
        proxies: Proxies,
        kafka: tuple[Brokers, Refusals],
        content: Callable[[Fault], Iterator[None]],
        clock: Callable[[], float],
    ) -> None:
        self._stack, self._supervisor, self._proxies = stack, supervisor, proxies
        (self._brokers, self._refusals), self._content, self._clock = kafka, content, clock

    def carry_out(self, fault: Fault) -> Iterator[None]:
        """Waits until the process runs, then acts. Raises TimeoutError where Kafka cannot be configured.

        Faults of content and rotations wait for no process.
        """
        if fault.kind is Kind.DISK:
            yield from self._brokers.lose_disk(fault)
        elif fault.kind not in DEATHS:
            yield from self._content(fault)
        elif fault.component == "kafka" and fault.kind in ENDS:
            yield from self._brokers.alone(fault, self._end_or_disturb(fault))
        else:
            yield from self._end_or_disturb(fault)

    def _end_or_disturb(self, fault: Fault) -> Iterator[None]:
        yield from until(lambda: self._supervisor.up(fault.target))
        yield from {
            Kind.KILL: self._kill,
            Kind.PAUSE: self._pause,
            Kind.RESTART: lambda fault: self._supervisor.restart(fault.target),
            Kind.CUT: self._disturb,
            Kind.DELAY: self._disturb,
            Kind.ERRORS: self._refuse if fault.component == "kafka" else self._disturb,
        }[fault.kind](fault)

    def _kill(self, fault: Fault) -> Iterator[None]:
        self._supervisor.end(fault.target)
        yield
        yield from until(lambda: self._supervisor.up(fault.target))

    def _pause(self, fault: Fault) -> Iterator[None]:
        self._stack.signal(fault.target, signal.SIGSTOP)
        self._supervisor.frozen.add(fault.target)
        yield from during(fault.seconds, self._clock)
        self._supervisor.frozen.discard(fault.target)
        if self._supervisor.runs(fault.target):
            self._stack.signal(fault.target, signal.SIGCONT)

    def _disturb(self, fault: Fault) -> Iterator[None]:
        links = refusing(fault.target) if fault.kind is Kind.ERRORS else concerned(fault.target)
        self._proxies.begin(fault.number, links, Mode(fault.kind, fault.delay, fault.status))
        yield from during(fault.seconds, self._clock)
        self._proxies.end(fault.number)

    def _refuse(self, fault: Fault) -> Iterator[None]:
        begun = self._refusals.begin()
        yield from until(begun.done)
        begun.result()
        yield from during(fault.seconds, self._clock)
        ended = self._refusals.end()
        yield from until(ended.done)
        ended.result()
