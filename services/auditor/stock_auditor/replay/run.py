"""One replay: sends dead letters back to their topics, each at most once.

A batch takes three steps. The run notes in `stock-decisions` what it will send and where the partitions end
now. It sends the letters. It notes where they are. A run may die between any two steps, and the next run then
finds one of three states:

- The batch is noted and nothing was sent. The next run looks for the letters after the noted ends, finds
  none, and is
  free to send them.
- Some or all letters were sent, and the outcome is not noted. The next run finds by their header those that
  arrived,
  and notes them. The others are free to be sent.
- The outcome is noted. The batch is done.

When the next run looks, nothing of the earlier run may still be under way. A run sends within SEND_SECONDS of
its note. The client gives a message up after MESSAGE_SECONDS. The next run waits until there was silence for
SETTLE_SECONDS. What remains is a request that the network or the broker holds back for longer than that. Then
the same event is at two offsets. The audit counts it as resent, and the views hide it.

Sometimes nobody can see any more whether a letter was sent, because retention took the records or the topic
was created again. Such a letter is in doubt, and is not sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import NamedTuple, Protocol

from stock_auditor.decisions.records import Batch, Claim, Decision, End, Place, Register, Sent
from stock_auditor.replay.dead_letters import DeadLetter
from stock_auditor.replay.filter import LetterFilter
from stock_common.deadline import Monotonic

BATCH_LETTERS = 100
BATCH_SECONDS = 5.0
"""A filter can take long. A batch is closed after this time, so no run is silent for SETTLE_SECONDS."""
SEND_SECONDS = 5.0
MESSAGE_SECONDS = 10.0
SETTLE_SECONDS = 30.0
WATCH_SECONDS = 1.0


class Busy(Exception):
    """Another run owns the replay."""


class NotSent(Exception):
    """A batch was not sent in time. Some of it may be there: the next run looks."""


class DecisionTopic(Protocol):
    """`read` gives what is new. `append` returns when it is durable. Both raise Unreachable."""

    def read(self) -> list[Decision]: ...
    def append(self, decision: Decision) -> None: ...


class Origins(Protocol):
    """The topics that letters go back to. All methods raise Unreachable or FatalError."""

    def prepare(self, letters: Sequence[DeadLetter]) -> list[Place]:
        """Prepares what it can of a batch. Returns where it goes, with the ends of now."""
        ...

    def send(
        self, letters: Sequence[DeadLetter], values: Mapping[str, bytes], places: Sequence[Place]
    ) -> dict[str, str]:
        """Sends what was prepared, and does nothing else. Returns letter → where it is. Raises NotSent."""
        ...

    def find(self, batch: Batch) -> tuple[dict[str, str], bool]:
        """Looks for a batch's letters after the noted ends. False: not all of the places could be read."""
        ...


class Progress(NamedTuple):
    """Letters so far: how many were sent, and which the filter left out (id → why)."""

    sent: int
    left_out: dict[str, str]


@dataclass(frozen=True)
class Timing:
    """clock: monotonic seconds. sleep: waits so many seconds. wall: the time in UTC."""

    clock: Monotonic
    sleep: Callable[[float], None]
    wall: Callable[[], datetime]


class Replay:
    """One run. `say` is called with a sentence about what the run waits for."""

    def __init__(
        self,
        run: str,
        topic: DecisionTopic,
        origins: Origins,
        letter_filter: LetterFilter,
        timing: Timing,
        say: Callable[[str], None],
    ) -> None:
        self._run, self._topic, self._origins, self._filter = run, topic, origins, letter_filter
        self._timing, self._say = timing, say
        self._numbers = count(1)
        self.register = Register()

    def catch_up(self) -> Register:
        """Reads the decisions since the last call."""
        for decision in self._topic.read():
            self.register.apply(decision)
        return self.register

    def claim(self) -> list[str]:
        """Makes this run the owner and settles the open batch of an earlier one.

        Returns the letters in doubt. Raises Busy.
        """
        settled = None
        if self.catch_up().owner is not None:
            self._watch()
            settled = self.register.open
        self._note(Claim(run=self._run, at=self._timing.wall()))
        self._require_ownership()
        batch = self.register.open
        if batch is None:
            return []
        if batch != settled:
            # It was noted while this run claimed, so it did not have its time yet.
            self._timing.sleep(SETTLE_SECONDS)
        found, whole = self._origins.find(batch)
        doubtful = [] if whole else [letter for letter in batch.letters if letter not in found]
        self._note(Sent(run=self._run, number=batch.number, letters=found | dict.fromkeys(doubtful, "")))
        self._require_ownership()
        return doubtful

    def send(self, letters: Iterable[DeadLetter], go_on: Callable[[Progress], bool]) -> Progress:
        """Sends the letters in batches. `go_on` is asked after each.

        Raises Busy or NotSent. After either, the replay can be run again: nothing is sent twice.
        """
        done = Progress(0, {})
        batch: dict[DeadLetter, bytes] = {}
        begun = self._timing.clock()
        for letter in letters:
            try:
                batch[letter] = self._filter(letter.value)
            except ValueError as error:
                done.left_out[letter.id] = str(error)
            if len(batch) < BATCH_LETTERS and self._timing.clock() < begun + BATCH_SECONDS:
                continue
            done = done._replace(sent=done.sent + self._send(batch))
            batch, begun = {}, self._timing.clock()
            if not go_on(done):
                return done
        done = done._replace(sent=done.sent + self._send(batch))
        go_on(done)
        return done

    def end(self) -> None:
        """Lets the next run begin without waiting."""
        self._note(End(run=self._run))

    def _send(self, batch: Mapping[DeadLetter, bytes]) -> int:
        if not batch:
            return 0
        letters = list(batch)
        places = self._origins.prepare(letters)
        number, begun = next(self._numbers), self._timing.clock()
        ids = [letter.id for letter in letters]
        self._note(Batch(run=self._run, number=number, letters=ids, places=places))
        self._require_ownership()
        if self._timing.clock() > begun + SEND_SECONDS:
            raise NotSent(
                f"this process stood still for more than {SEND_SECONDS:.0f} s: a batch was not sent"
            )
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
        """Waits until the owner ends or was silent for SETTLE_SECONDS. Raises Busy when it is alive."""
        notes = self.register.notes
        self._say(
            f"An earlier replay has not ended. If it is silent for {SETTLE_SECONDS:.0f} s,"
            " this one goes on where it was."
        )
        until = self._timing.clock() + SETTLE_SECONDS
        while self._timing.clock() < until:
            self._timing.sleep(WATCH_SECONDS)
            if self.catch_up().owner is None:
                return
            if self.register.notes != notes:
                raise Busy("Another replay is running: wait until it has ended.")
