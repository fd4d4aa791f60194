"""The topics of a replay in Kafka: reads letters, sends them to their topics, and looks for them there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from confluent_kafka import Message

from stock_auditor.clients import Clients, read_all
from stock_auditor.decisions.records import Batch, Place
from stock_auditor.replay.dead_letters import DeadLetter, parse
from stock_auditor.replay.run import MESSAGE_SECONDS, NotSent
from stock_auditor.stages.records import RECOVERS
from stock_common.run import FatalError
from stock_common.topics import DEAD_LETTERS, SCHEMA_HEADER, SUNK
from stock_kafka.cluster import TopicState, describe, offsets
from stock_kafka.sender import Outgoing, Undelivered, deliver

REPLAY_OF, EDITED_BY = "replay-of", "edited-by"
OWN_HEADERS = (REPLAY_OF, RECOVERS, EDITED_BY)
GROUP = "auditor-replay"
NEAR_OFFSETS = 1_000
"""The reader goes on to the next record up to this distance. It seeks one that is farther away."""
SCHEMAS = {topic.name: topic.schema for topic in SUNK}
Headers = list[tuple[str, str | bytes | None]]


class KafkaOrigins:
    """See replay.run.Origins. `edited_by` goes into the header of what the filter changed.

    mark: the header that names the letter, REPLAY_OF or RECOVERS.
    """

    def __init__(self, clients: Clients, edited_by: str | None, mark: str = REPLAY_OF) -> None:
        self._clients, self._admin, self._edited_by, self._mark = clients, clients.admin, edited_by, mark
        self._reader = clients.reader(GROUP)
        # The timeout keeps the promise that nothing is sent later than the next run looks.
        self._producer = clients.producer(MESSAGE_SECONDS)
        self._originals: dict[str, Message] = {}
        self._partitions: dict[tuple[str, int], int] = {}

    def letters(self) -> Iterator[DeadLetter | None]:
        """Every message of the dead-letter topic up to its end of now. None: it is no letter."""
        state = self._state(DEAD_LETTERS.name)
        ends = offsets(self._admin, [(state.name, partition) for partition in range(state.partitions)])
        reader = self._clients.reader(GROUP)
        try:
            for (topic, partition), (first, end) in ends.items():
                for message in read_all(reader, topic, partition, first, end):
                    yield _letter(message)
        finally:
            reader.close()

    def prepare(self, letters: Sequence[DeadLetter]) -> list[Place]:
        states = {name: self._state(name) for name in {letter.topic for letter in letters}}
        # A topic that was created again may have fewer partitions.
        self._partitions = {
            (letter.topic, letter.partition): letter.partition % states[letter.topic].partitions
            for letter in letters
        }
        wanted = sorted({(topic, partition) for (topic, _), partition in self._partitions.items()})
        self._originals = self._find_originals(
            [letter for letter in letters if states[letter.topic].topic_id == letter.topic_id]
        )
        return [
            Place(topic, states[topic].topic_id, partition, end)
            for (topic, partition), (_, end) in offsets(self._admin, wanted).items()
        ]

    def send(
        self, letters: Sequence[DeadLetter], values: Mapping[str, bytes], places: Sequence[Place]
    ) -> dict[str, str]:
        ids = {place.topic: place.topic_id for place in places}
        messages = [self._outgoing(letter, values[letter.id]) for letter in letters]
        try:
            delivered = deliver(self._producer, messages, MESSAGE_SECONDS + 5)
        except Undelivered as error:
            raise NotSent(str(error)) from None
        return {
            letter.id: f"{ids[letter.topic]}/{place.partition}/{place.offset}"
            for letter, place in zip(letters, delivered, strict=True)
        }

    def find(self, batch: Batch) -> tuple[dict[str, str], bool]:
        found: dict[str, str] = {}
        whole = True
        # A note by somebody else may name anything.
        states = describe(self._admin, SCHEMAS.keys() & {place.topic for place in batch.places})
        for place in batch.places:
            state = states.get(place.topic)
            if state is None or state.topic_id != place.topic_id or place.partition >= state.partitions:
                whole = False
                continue
            ((first, end),) = offsets(self._admin, [(place.topic, place.partition)]).values()
            whole = whole and first <= place.end
            for message in read_all(self._reader, place.topic, place.partition, max(first, place.end), end):
                headers = _last_headers(message)
                # The run that left the batch may have been of the other kind.
                letter = (headers.get(REPLAY_OF) or headers.get(RECOVERS, b"")).decode(errors="replace")
                if letter in batch.letters:
                    found[letter] = f"{place.topic_id}/{message.partition()}/{message.offset()}"
        return found, whole

    def close(self) -> None:
        self._reader.close()

    def _outgoing(self, letter: DeadLetter, value: bytes) -> Outgoing:
        original = self._originals.get(letter.id)
        kept = _headers(original) if original else [(SCHEMA_HEADER, SCHEMAS.get(letter.topic, "").encode())]
        own: Headers = [(self._mark, letter.id.encode())]
        if self._edited_by and value != letter.value:
            own.append((EDITED_BY, self._edited_by.encode()))
        return Outgoing(
            letter.topic,
            value,
            original.key() if original else None,
            [(name, text) for name, text in kept if name not in OWN_HEADERS] + own,
            self._partitions[letter.topic, letter.partition],
        )

    def _find_originals(self, letters: Sequence[DeadLetter]) -> dict[str, Message]:
        """The records that were refused, where the topic still has them.

        They are needed because a letter has neither their key nor their headers.
        """
        found: dict[str, Message] = {}
        ordered = sorted(letters, key=lambda letter: (letter.topic, letter.partition, letter.offset))
        for (topic, partition), group in groupby(
            ordered, key=lambda letter: (letter.topic, letter.partition)
        ):
            ((first, end),) = offsets(self._admin, [(topic, partition)]).values()
            wanted = {letter.offset: letter for letter in group if first <= letter.offset < end}
            for begin, last in _stretches(sorted(wanted)):
                for message in read_all(self._reader, topic, partition, begin, last + 1):
                    letter = wanted.get(message.offset() or 0)
                    if letter is not None and (message.value() or b"") == letter.value:
                        found[letter.id] = message
        return found

    def _state(self, name: str) -> TopicState:
        try:
            return describe(self._admin, [name])[name]
        except KeyError:
            raise FatalError(
                f"Kafka has no topic {name}: run the topic job (python -m stock_kafka.topics)."
            ) from None


def _stretches(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Ranges (first, last) that hold all the offsets, cut where the next is far away."""
    begin = 0
    for at in range(1, len(numbers) + 1):
        if at == len(numbers) or numbers[at] - numbers[at - 1] > NEAR_OFFSETS:
            yield numbers[begin], numbers[at - 1]
            begin = at


def _letter(message: Message) -> DeadLetter | None:
    value = message.value()
    try:
        return parse(_last_headers(message), value if isinstance(value, bytes) else b"")
    except Exception:  # whatever it is, it is this message's: the report counts it
        return None


def _last_headers(message: Message) -> dict[str, bytes]:
    """The headers as bytes, the last of each name."""
    return {
        name: value.encode() if isinstance(value, str) else value or b"" for name, value in _headers(message)
    }


def _headers(message: Message) -> Headers:
    """None for a record whose headers the client cannot decode: their names can be any bytes."""
    try:
        return [(name, value) for name, value in message.headers() or []]
    except Exception:  # whatever it is, it is this record's
        return []
