"""The topics of a replay by Kafka: reading letters, sending them to where they came from, and looking whether they are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from stock_auditor.client import arrived, open_admin, quiet
from stock_auditor.decisions import Batch, Place
from stock_auditor.letters import Letter, parse
from stock_auditor.replay import MESSAGE_SECONDS, Undelivered
from stock_common.deadline import Deadline
from stock_common.run import FatalError
from stock_common.topics import DEAD_LETTERS, SCHEMA_HEADER, SUNK
from stock_kafka.cluster import TopicState, Unreachable, describe, offsets
from stock_kafka.config import KafkaSettings

REPLAY_OF, EDITED_BY = "replay-of", "edited-by"
SILENT_SECONDS = 30.0
NEAR_OFFSETS = 1_000
"""So far ahead the next record is read towards, farther away it is sought."""
SCHEMAS = {topic.name: topic.schema for topic in SUNK}
Headers = list[tuple[str, str | bytes | None]]


def open_origins(settings: KafkaSettings, service: str, edited_by: str | None) -> KafkaOrigins:
    """The topics for a command. Raises FatalError for settings that the client refuses."""
    config, admin = open_admin(settings, service, silent=True)
    return KafkaOrigins(config, quiet(settings.producer(service)), admin, edited_by)


class KafkaOrigins:
    """`config` is a client's, `producing` a producer's; `edited_by` is noted in the header of what was edited."""

    def __init__(self, config: dict[str, Any], producing: dict[str, Any], admin: AdminClient, edited_by: str | None) -> None:
        own = {"group.id": "auditor-replay", "enable.auto.commit": False, "auto.offset.reset": "error", "enable.partition.eof": True}
        # Records are sought one after the other: a request that waits for more would hold up the next.
        self._config, self._admin, self._edited_by = config | own | {"fetch.wait.max.ms": 10}, admin, edited_by
        self._reader = Consumer(self._config)
        self._originals: dict[str, Message] = {}
        self._partitions: dict[tuple[str, int], int] = {}
        # Idempotent, so that the client's own repeats come once; with a timeout, so that nothing goes out later than the next run looks.
        self._producer = Producer(producing | {"message.timeout.ms": int(MESSAGE_SECONDS * 1000)})

    def letters(self) -> Iterator[Letter | None]:
        """Every message of the dead-letter topic up to its end of now, partition by partition; None for one that is no letter."""
        state = self._state(DEAD_LETTERS.name)
        ends = offsets(self._admin, [(state.name, partition) for partition in range(state.partitions)])
        reader = Consumer(self._config)
        try:
            for (topic, partition), (first, end) in ends.items():
                for message in _read(reader, topic, partition, first, end):
                    yield _letter(message)
        finally:
            reader.close()

    def prepare(self, letters: Sequence[Letter]) -> list[Place]:
        states = {name: self._state(name) for name in {letter.topic for letter in letters}}
        # A topic made anew may have fewer partitions.
        self._partitions = {(letter.topic, letter.partition): letter.partition % states[letter.topic].partitions for letter in letters}
        wanted = sorted({(topic, partition) for (topic, _), partition in self._partitions.items()})
        self._originals = self._find_originals([letter for letter in letters if states[letter.topic].topic_id == letter.topic_id])
        return [Place(topic, states[topic].topic_id, partition, end) for (topic, partition), (_, end) in offsets(self._admin, wanted).items()]

    def send(self, letters: Sequence[Letter], values: Mapping[str, bytes], places: Sequence[Place]) -> dict[str, str]:
        ids = {place.topic: place.topic_id for place in places}
        sent: dict[str, str] = {}
        faults: list[KafkaError] = []

        def delivered(letter: Letter, error: KafkaError | None, message: Message) -> None:
            if error is None:
                sent[letter.id] = f"{ids[letter.topic]}/{message.partition()}/{message.offset()}"
            else:
                faults.append(error)

        for letter in letters:
            original = self._originals.get(letter.id)
            self._producer.produce(
                letter.topic,
                values[letter.id],
                original.key() if original else None,
                partition=self._partitions[letter.topic, letter.partition],
                headers=self._headers(letter, original, values[letter.id] != letter.value),
                on_delivery=lambda error, message, letter=letter: delivered(letter, error, message),
            )
        self._producer.flush(MESSAGE_SECONDS + 5)
        if faults or len(sent) != len(letters):
            raise Undelivered(f"Kafka took {len(sent)} of {len(letters)} letters{f': {faults[0].str()}' if faults else ''}")
        return sent

    def find(self, batch: Batch) -> tuple[dict[str, str], bool]:
        found: dict[str, str] = {}
        whole = True
        states = describe(self._admin, {place.topic for place in batch.places})
        for place in batch.places:
            state = states.get(place.topic)
            if state is None or state.topic_id != place.topic_id:
                whole = False
                continue
            ((first, end),) = offsets(self._admin, [(place.topic, place.partition)]).values()
            whole = whole and first <= place.end
            for message in _read(self._reader, place.topic, place.partition, max(first, place.end), end):
                letter = _said(message).get(REPLAY_OF, b"").decode(errors="replace")
                if letter in batch.letters:
                    found[letter] = f"{place.topic_id}/{message.partition()}/{message.offset()}"
        return found, whole

    def close(self) -> None:
        self._reader.close()

    def _headers(self, letter: Letter, original: Message | None, edited: bool) -> Headers:
        kept = _headers(original) if original else [(SCHEMA_HEADER, SCHEMAS.get(letter.topic, "").encode())]
        own: Headers = [(REPLAY_OF, letter.id.encode())]
        if edited and self._edited_by:
            own.append((EDITED_BY, self._edited_by.encode()))
        return [(name, value) for name, value in kept if name not in (REPLAY_OF, EDITED_BY)] + own

    def _find_originals(self, letters: Sequence[Letter]) -> dict[str, Message]:
        """The records that were refused, where the topic still has them: a letter has neither their key nor their headers."""
        found: dict[str, Message] = {}
        for (topic, partition), group in groupby(sorted(letters, key=_origin), key=lambda letter: (letter.topic, letter.partition)):
            ((first, end),) = offsets(self._admin, [(topic, partition)]).values()
            wanted = {letter.offset: letter for letter in group if first <= letter.offset < end}
            for begin, last in _stretches(sorted(wanted)):
                for message in _read(self._reader, topic, partition, begin, last + 1):
                    letter = wanted.get(message.offset() or 0)
                    if letter is not None and (message.value() or b"") == letter.value:
                        found[letter.id] = message
        return found

    def _state(self, name: str) -> TopicState:
        try:
            return describe(self._admin, [name])[name]
        except KeyError:
            raise FatalError(f"Kafka has no topic {name}: run the topic job (python -m stock_kafka.topics).") from None


def _read(reader: Consumer, topic: str, partition: int, first: int, end: int) -> Iterator[Message]:
    """The records from `first` to before `end`."""
    if first >= end:
        return
    reader.assign([TopicPartition(topic, partition, first)])
    position, deadline = first, Deadline(SILENT_SECONDS)
    while position < end:
        if deadline.passed:
            raise Unreachable(f"{topic}/{partition} did not answer for {SILENT_SECONDS:.0f} s")
        for message in arrived(reader):
            fault, offset = message.error(), message.offset() or 0
            if fault is not None and fault.code() != KafkaError._PARTITION_EOF:
                raise Unreachable(f"cannot read {topic}/{partition}: {fault.str()}")
            deadline = Deadline(SILENT_SECONDS)
            position = offset if fault is not None else offset + 1
            if fault is None and offset < end:
                yield message


def _origin(letter: Letter) -> tuple[str, int, int]:
    return letter.topic, letter.partition, letter.offset


def _stretches(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Ranges (first, last) that hold all the offsets, cut where the next is far away."""
    begin = 0
    for at in range(1, len(numbers) + 1):
        if at == len(numbers) or numbers[at] - numbers[at - 1] > NEAR_OFFSETS:
            yield numbers[begin], numbers[at - 1]
            begin = at


def _letter(message: Message) -> Letter | None:
    value = message.value()
    try:
        return parse(_said(message), value if isinstance(value, bytes) else b"")
    except ValueError:
        return None


def _said(message: Message) -> dict[str, bytes]:
    """The headers as bytes, the last of each name."""
    return {name: value.encode() if isinstance(value, str) else value or b"" for name, value in _headers(message)}


def _headers(message: Message) -> Headers:
    return [(name, value) for name, value in message.headers() or []]
