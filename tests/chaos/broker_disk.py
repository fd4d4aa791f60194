"""A flipped byte on the broker's disk: the sink must refuse the batch, and somebody must get past it.

Only a batch of the campaign's own records is changed. No client gets anything of its partition until the byte
is changed, so nobody has read the batch before. An odd fault is undone as by a restored disk. After an even
one an operator gives the batch up, and its records are lost by name.
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable, Generator, Iterator

from confluent_kafka import Message

from chaos import log_files
from chaos.brokers import Brokers
from chaos.client_orders import ClientOrders
from chaos.content import Content, Sender
from chaos.hostile import Hostile
from chaos.log_files import Batch
from chaos.plan import Fault
from chaos.waits import during, until
from chaos.watch import Watch
from stock_common.records import Quote, decode, encode
from stock_common.topics import QUOTES
from stock_stack.brokers import disk
from stock_stack.counts import Place
from stock_stack.layout import Layout
from stock_testing.quotes import quote

RECORDS = 5
HOLD_SECONDS = 3.0
"""All clients have stopped to deliver the partition."""


class BrokerDisk:
    """`skip` starts the command that gives a partition's batch up."""

    def __init__(
        self,
        layout: Layout,
        brokers: Brokers,
        content: Content,
        clients: tuple[Sender, ClientOrders, Watch],
        skip: Callable[[Place], subprocess.Popen[str]],
        clock: Callable[[], float],
    ) -> None:
        self._layout, self._brokers, self._content = layout, brokers, content
        self._skip, self._clock = skip, clock
        self._sender, self._orders, self._watch = clients

    def carry_out(self, fault: Fault) -> Iterator[None]:
        place = QUOTES.name, random.Random(fault.number).randrange(QUOTES.partitions)
        self._orders.hold(*place)
        yield from during(HOLD_SECONDS, self._clock)
        sent = self._sender.send(_quotes(), place[1])
        yield from until(sent.done)
        messages = sent.result()
        leader = yield from self._brokers.leader(place)
        batch = self._batch(leader, place, messages)
        if batch is not None:
            log_files.flip(batch)
        self._orders.end("hold")
        ids = {decode(message.value() or b"", Quote).event_id for message in messages}
        if batch is None:
            # The records are in no batch of their own, or in none that is found.
            self._content.outcome.own |= ids
            self._content.outcome.unhealed.append(f"fault {fault.number}: no batch to change")
            return
        yield from self._noticed(fault, place, batch, ids)

    def _noticed(self, fault: Fault, place: Place, batch: Batch, ids: set[str]) -> Iterator[None]:
        outcome, where = self._content.outcome, f"{place[0]}/{place[1]}, offset {batch.first}"

        def noticed() -> bool:
            return place in self._watch.faults or self._watch.on_s3(place, batch.last)

        yield from self._content.healed(fault, noticed, f"nobody says that {where} is unreadable")
        given_up = fault.number % 2 == 0 and not self._watch.on_s3(place, batch.last)
        if given_up:
            given_up = yield from self._give_up(fault, place, batch)
        if given_up:
            outcome.lost |= ids
            outcome.given_up_batches += 1
        else:
            log_files.restore(batch)
            outcome.own |= ids
        yield from self._content.healed(
            fault, lambda: self._watch.on_s3(place, batch.last), f"{where} is not on S3"
        )
        if given_up:
            # A broker that dies cuts its log off before a batch that it cannot read.
            log_files.restore(batch)

    def _give_up(self, fault: Fault, place: Place, batch: Batch) -> Generator[None, None, bool]:
        """Whether the batch was given up. Another leader, whose copy is whole, heals it before."""
        end = self._clock() + 120.0
        while self._clock() < end:
            if self._watch.on_s3(place, batch.last):
                return False
            process = self._skip(place)
            while process.poll() is None:
                yield
            if process.returncode == 0:
                return True
        self._content.outcome.unhealed.append(f"fault {fault.number}: the batch could not be given up")
        return False

    def _batch(self, leader: int, place: Place, messages: list[Message]) -> Batch | None:
        offsets = sorted(message.offset() or 0 for message in messages)
        if len(offsets) != RECORDS:
            return None
        batch = log_files.batch_of(disk(self._layout, leader) / f"{place[0]}-{place[1]}", offsets[0])
        return batch if batch and (batch.first, batch.last) == (offsets[0], offsets[-1]) else None


def _quotes() -> list[Hostile]:
    quotes = [quote(number) for number in range(RECORDS)]
    return [Hostile(QUOTES, each.symbol.encode(), encode(each), each.event_id) for each in quotes]
