"""What operators decided, as messages of `stock-decisions`: replays of dead letters, and accepted losses.

The topic has one partition, so every reader sees one order. A replay run notes what it is about to send
before it sends it, and what it sent afterwards. The newest claim owns the replay. What another run notes
after that claim is void for every reader alike, so two runs cannot both believe that a batch is theirs.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from stock_common import domain

Instant = Annotated[datetime, Meta(tz=True)]


class Place(msgspec.Struct, frozen=True):
    """A partition that a batch goes to, and its end offset before the batch."""

    topic: str
    topic_id: str
    partition: Annotated[int, Meta(ge=0)]
    end: Annotated[int, Meta(ge=0)]


class Claim(msgspec.Struct, frozen=True, kw_only=True, tag="claim"):
    """From here on the run owns the replay."""

    run: str
    at: Instant

    @property
    def key(self) -> str:
        return f"replay/{self.run}/claim"


class Batch(msgspec.Struct, frozen=True, kw_only=True, tag="batch"):
    """The run is about to send these letters, and they are nowhere before the places' ends."""

    run: str
    number: int
    letters: list[str]
    places: list[Place]

    @property
    def key(self) -> str:
        return f"replay/{self.run}/{self.number}"


class Sent(msgspec.Struct, frozen=True, kw_only=True, tag="sent"):
    """What became of the open batch.

    letters: letter → where its record is now, written as a letter's id is. An empty place means that this is
        in
        doubt, so the letter is never sent again. Letters of the batch that are not named were not sent.
    """

    run: str
    number: int
    letters: dict[str, str]

    @property
    def key(self) -> str:
        return f"replay/{self.run}/{self.number}/sent"


class End(msgspec.Struct, frozen=True, kw_only=True, tag="end"):
    """The run ended with nothing under way."""

    run: str

    @property
    def key(self) -> str:
        return f"replay/{self.run}/end"


class Accepted(msgspec.Struct, frozen=True, kw_only=True, tag="accepted"):
    """A finding that cannot be repaired is known from here on. The audit reports it as a warning."""

    finding: str
    reason: str
    at: Instant

    @property
    def key(self) -> str:
        return f"accepted/{finding_id(self.finding)}"


class Withdrawn(msgspec.Struct, frozen=True, kw_only=True, tag="withdrawn"):
    """The finding is one again. The key is the acceptance's, so compaction may then remove the acceptance."""

    finding: str
    at: Instant

    @property
    def key(self) -> str:
        return f"accepted/{finding_id(self.finding)}"


Decision = Claim | Batch | Sent | End | Accepted | Withdrawn

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Decision] = msgspec.json.Decoder(Decision)


def encode(decision: Decision) -> bytes:
    """The decision as JSON. `type` names its kind."""
    return _encoder.encode(decision)


def decode(value: bytes) -> Decision:
    """The decision in a message's value. Raises domain.BadMessage, also for one of a later version."""
    return domain.decode(_decoder, value)


def decode_under(key: str, value: bytes) -> Decision:
    """The decision of this key. Raises domain.BadMessage, also for one that stands under another key."""
    found = decode(value)
    if found.key != key:
        raise domain.BadMessage("key", f"the decision {found.key!r} stands under another key")
    return found


def finding_id(text: str) -> str:
    """Eight hex digits that name a finding on the command line."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


@dataclass
class Register:
    """All decisions so far.

    owner: the run that has not ended.
    open: its batch without an outcome.
    notes: how many messages of replays there were.
    sent: letter → place, as in Sent.
    accepted: finding → acceptance.
    """

    owner: str | None = None
    open: Batch | None = None
    notes: int = 0
    sent: dict[str, str] = field(default_factory=dict)
    accepted: dict[str, Accepted] = field(default_factory=dict)

    def apply(self, decision: Decision) -> None:
        """Takes the next one in the topic's order."""
        match decision:
            case Accepted(finding=finding):
                self.accepted[finding] = decision
                return
            case Withdrawn(finding=finding):
                self.accepted.pop(finding, None)
                return
            case Claim(run=run):
                self.owner = run
        self.notes += 1
        if decision.run != self.owner:
            return
        match decision:
            case Batch():
                self.open = decision
            case Sent(letters=letters):
                self.sent |= letters
                self.open = None
            case End():
                self.owner = None
