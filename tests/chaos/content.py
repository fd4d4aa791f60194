"""Faults of content, as generators: what strangers send, the vendor answers, a client does not deliver."""

from __future__ import annotations

import json
import random
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from confluent_kafka import Message, Producer

from chaos import hostile
from chaos.client_orders import ClientOrders
from chaos.hostile import Hostile
from chaos.plan import Fault, Kind
from chaos.waits import during, until
from chaos.watch import Watch
from stock_common.topics import QUOTES, SCHEMA_HEADER

DROPPED_SHARE = 0.02
HEALED_SECONDS = 300.0
"""Somebody notices a fault and ends it within this, whatever else happens meanwhile."""
SEND_SECONDS = 300
ANSWERS = ("odd_rows", "html", "truncated", "empty")
"""What the market answers in turn."""


@dataclass
class Outcome:
    """What the verdict must know of the content faults.

    strangers: ids of strangers' records. A view may show them, once.
    own: ids of records that the campaign itself delivered. The views must show them.
    lost: ids of records that an operator gave up. No view may show them.
    unhealed: faults that nobody noticed, or that did not heal in time.
    sent: messages of strangers. strays: files of strangers. dropped: records that a client did not deliver.
    """

    strangers: set[str] = field(default_factory=set)
    own: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    given_up_batches: int = 0
    unhealed: list[str] = field(default_factory=list)
    sent: int = 0
    strays: int = 0
    dropped: int = 0


class Sender:
    """Sends messages to a listener without a proxy, in a thread."""

    def __init__(self, servers: str) -> None:
        config = {"bootstrap.servers": servers, "message.timeout.ms": SEND_SECONDS * 1000, "linger.ms": 200}
        self._producer = Producer(config)
        self._pool = ThreadPoolExecutor(1, "stranger")

    def send(self, messages: Iterable[Hostile], partition: int = -1) -> Future[list[Message]]:
        """What Kafka acknowledged, with its offsets. -1: the partition of the key."""
        return self._pool.submit(self._send, list(messages), partition)

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _send(self, messages: list[Hostile], partition: int) -> list[Message]:
        delivered: list[Message] = []

        def on_delivery(error: object, message: Message) -> None:
            if error is None:
                delivered.append(message)

        for each in messages:
            headers: dict[str, str | bytes | None] = {SCHEMA_HEADER: each.topic.schema}
            self._producer.produce(
                each.topic.name, each.value, each.key, partition, on_delivery, headers=headers
            )
        self._producer.flush(SEND_SECONDS)
        return delivered


class Content:
    """`clock` is monotonic seconds. `market` is the address of the market's controls."""

    def __init__(
        self, sender: Sender, orders: ClientOrders, watch: Watch, market: str, clock: Callable[[], float]
    ) -> None:
        self._sender, self._orders, self._watch = sender, orders, watch
        self._market, self._clock = market, clock
        self.outcome = Outcome()

    def carry_out(self, fault: Fault) -> Iterator[None]:
        yield from {
            Kind.RECORDS: self._records,
            Kind.STATUS: self._status,
            Kind.ANSWERS: self._answers,
            Kind.DROP: self._drop,
            Kind.FREEZE: self._freeze,
        }[fault.kind](fault)

    def healed(self, fault: Fault, check: Callable[[], bool], what: str) -> Iterator[None]:
        """Waits for `check`. Notes the fault as unhealed when that takes longer than HEALED_SECONDS."""
        end = self._clock() + HEALED_SECONDS
        while not check():
            if self._clock() > end:
                self.outcome.unhealed.append(f"fault {fault.number}, {fault.kind}: {what}")
                return
            yield

    def _records(self, fault: Fault) -> Iterator[None]:
        messages = list(hostile.records())
        self.outcome.strangers.update(each.event_id for each in messages)
        yield from self._sent(messages)

    def _status(self, fault: Fault) -> Iterator[None]:
        yield from self._sent(list(hostile.compacted()))

    def _answers(self, fault: Fault) -> Iterator[None]:
        order = {"fault": ANSWERS[fault.number % len(ANSWERS)], "seconds": fault.seconds}
        request = urllib.request.Request(
            self._market, json.dumps(order).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30):
            pass
        yield from during(fault.seconds, self._clock)

    def _drop(self, fault: Fault) -> Iterator[None]:
        self._orders.drop(DROPPED_SHARE)
        yield from during(fault.seconds, self._clock)
        self._orders.end("drop")

    def _freeze(self, fault: Fault) -> Iterator[None]:
        place = QUOTES.name, random.Random(fault.number).randrange(QUOTES.partitions)
        self._orders.freeze(fault.number, *place)
        yield from self.healed(fault, lambda: self._orders.frozen(fault.number), "no sink has the partition")
        end = self._watch.counts.kafka.get(place, 0)
        yield from self.healed(
            fault, lambda: self._watch.on_s3(place, end), f"{place[0]}/{place[1]} stands still"
        )
        self._orders.end("freeze")

    def _sent(self, messages: list[Hostile]) -> Iterator[None]:
        sent = self._sender.send(messages)
        yield from until(sent.done)
        self.outcome.sent += len(sent.result())
