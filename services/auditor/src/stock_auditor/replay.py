"""Dead letters back to their topics, each at most once.

Order of a batch, and what a death between two lines leaves behind:
noted, nothing sent → the next run looks for the letters behind the noted ends, finds none and is free to send them;
some or all sent, the outcome not noted → the next run finds those that arrived by their header and notes them; the others are free again;
outcome noted → done.

Nothing of an ended run may still be under way when the next one looks. A run sends within SEND_SECONDS of its note, the client gives a message up
after MESSAGE_SECONDS, and the next run first sees SETTLE_SECONDS of silence. What could still come twice is a request that the network or the
broker holds back for longer than the rest of that: the same event at two offsets, which the audit counts as resent and the views hide.
Where it cannot be seen any more whether a letter went out (retention took the records, the topic was made anew), it is not sent again: in doubt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import count
from typing import NamedTuple, Protocol

from stock_auditor.decisions import Batch, Claim, Decision, End, Place, Register, Sent
from stock_auditor.letters import Letter
from stock_common.deadline import Monotonic

BATCH_LETTERS = 100
BATCH_SECONDS = 5.0
"""An edit can take long: a batch is closed then, so that a living run is never silent for SETTLE_SECONDS."""
SEND_SECONDS = 5.0
MESSAGE_SECONDS = 10.0
SETTLE_SECONDS = 30.0
WATCH_SECONDS = 1.0


class Busy(Exception):
    """Another run owns the replay."""


class Undelivered(Exception):
    """Kafka did not take a batch in time. Some of it may be there: the next run looks."""


class DecisionTopic(Protocol):
    """`read` gives what came since the last call; `append` returns when it is durable. Both raise Unreachable."""

    def read(self) -> list[Decision]: ...
    def append(self, decision: Decision) -> None: ...


class Origins(Protocol):
    """The topics that letters go back to. All raise Unreachable or FatalError.

    `prepare` gets ready what it can of a batch and returns where it goes, with the ends of now. `send` does no more than send what was prepared
    and returns letter → where it is (Undelivered: nobody knows). `find` looks for a batch's letters behind the noted ends, and says whether
    these places could be read whole.
    """

    def prepare(self, letters: Sequence[Letter]) -> list[Place]: ...
    def send(self, letters: Sequence[Letter], values: Mapping[str, bytes], places: Sequence[Place]) -> dict[str, str]: ...
    def find(self, batch: Batch) -> tuple[dict[str, str], bool]: ...


class Progress(NamedTuple):
    """Letters so far: sent, and those that the edit did not take (id → why)."""

    sent: int
    unedited: dict[str, str]


class Replay:
    """One run. `edit` gives the bytes to send, raising ValueError for a letter to leave out; `say` is told what the run waits for."""

    def __init__(
        self,
        run: str,
        topic: DecisionTopic,
        origins: Origins,
        edit: Callable[[bytes], bytes],
        clock: Monotonic,
        sleep: Callable[[float], None],
        wall: Callable[[], datetime],
        say: Callable[[str], None],
    ) -> None:
        self._run, self._topic, self._origins, self._edit = run, topic, origins, edit
        self._clock, self._sleep, self._wall, self._say = clock, sleep, wall, say
        self._numbers = count(1)
        self.register = Register()

    def catch_up(self) -> Register:
        """Reads the decisions that came since."""
        for decision in self._topic.read():
            self.register.apply(decision)
        return self.register

    def claim(self) -> list[str]:
        """Makes this run the owner and settles what an earlier one had under way; returns the letters in doubt. Raises Busy."""
        settled = None
        if self.catch_up().owner is not None:
            self._watch()
            settled = self.register.open
        self._note(Claim(run=self._run, at=self._wall()))
        self._require_ownership()
        batch = self.register.open
        if batch is None:
            return []
        if batch != settled:
            self._sleep(SETTLE_SECONDS)
        found, whole = self._origins.find(batch)
        doubtful = [] if whole else [letter for letter in batch.letters if letter not in found]
        self._note(Sent(run=self._run, number=batch.number, letters=found | dict.fromkeys(doubtful, "")))
        self._require_ownership()
        return doubtful

    def send(self, letters: Iterable[Letter], go_on: Callable[[Progress], bool]) -> Progress:
        """Sends the letters in batches; `go_on` is asked after each. Raises Busy, Undelivered: run it again, nothing goes out twice."""
        done = Progress(0, {})
        batch: dict[Letter, bytes] = {}
        begun = self._clock()
        for letter in letters:
            try:
                batch[letter] = self._edit(letter.value)
            except ValueError as error:
                done.unedited[letter.id] = str(error)
            if len(batch) < BATCH_LETTERS and self._clock() < begun + BATCH_SECONDS:
                continue
            done = done._replace(sent=done.sent + self._send(batch))
            batch, begun = {}, self._clock()
            if not go_on(done):
                return done
        done = done._replace(sent=done.sent + self._send(batch))
        go_on(done)
        return done

    def end(self) -> None:
        """Lets the next run begin without waiting."""
        self._note(End(run=self._run))

    def _send(self, batch: Mapping[Letter, bytes]) -> int:
        if not batch:
            return 0
        letters = list(batch)
        places = self._origins.prepare(letters)
        number, begun = next(self._numbers), self._clock()
        self._note(Batch(run=self._run, number=number, letters=[letter.id for letter in letters], places=places))
        self._require_ownership()
        if self._clock() > begun + SEND_SECONDS:
            raise Undelivered(f"this process stood still for more than {SEND_SECONDS:.0f} s: a batch was not sent")
        sent = self._origins.send(letters, {letter.id: value for letter, value in batch.items()}, places)
        self._note(Sent(run=self._run, number=number, letters=sent))
        return len(sent)

    def _note(self, decision: Decision) -> None:
        self._topic.append(decision)
        self.catch_up()

    def _require_ownership(self) -> None:
        if self.register.owner != self._run:
            raise Busy("Another replay took over: this one has stopped.")

    def _watch(self) -> None:
        """Waits until the owner has been silent for SETTLE_SECONDS or has ended. Raises Busy when it is alive."""
        notes = self.register.notes
        self._say(f"An earlier replay has not ended. If it is silent for {SETTLE_SECONDS:.0f} s, this one goes on where it was.")
        until = self._clock() + SETTLE_SECONDS
        while self._clock() < until:
            self._sleep(WATCH_SECONDS)
            if self.catch_up().owner is None:
                return
            if self.register.notes != notes:
                raise Busy("Another replay is running: wait until it has ended.")
