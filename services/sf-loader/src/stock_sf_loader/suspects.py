"""Files that Snowflake refused: tried again in later cycles, then given up. State without I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from stock_sf_loader.ledger import QUARANTINED, Entry

TRIES = 3
"""A file is refused in so many cycles before it is quarantined."""
IN_A_ROW = 3
"""Files of one topic that are given up with none loaded in between. More of them are no bad files but a bad table or stage."""


class Suspects:
    """Counts refusals by key. `known` (key → reason) are given up from the beginning, however many they are."""

    def __init__(self, known: Mapping[str, str] | None = None) -> None:
        self._known = dict(known or {})
        self._refused: dict[str, tuple[int, str]] = {}
        self._given_up: Counter[str] = Counter()

    def refused(self, key: str, reason: str) -> int:
        """Notes a refusal and returns how many there were."""
        tries = self._refused.get(key, (0, ""))[0] + 1
        self._refused[key] = (tries, reason)
        return tries

    def settled(self, entries: Sequence[Entry]) -> None:
        """The entries are in the ledger."""
        for entry in entries:
            if entry.is_copied:
                self._given_up[entry.chain.topic] = 0
            if self._refused.pop(entry.key, None) and entry.status == QUARANTINED:
                self._given_up[entry.chain.topic] += 1

    def waiting(self, topic: str) -> set[str]:
        """Keys that are to be tried alone."""
        return self._refused.keys() - self.corrupt(topic).keys()

    def corrupt(self, topic: str) -> Mapping[str, str]:
        """Keys to be given up, with the last reason: those known, and as many of `topic` as IN_A_ROW still allows."""
        ripe = [(key, reason) for key, (tries, reason) in self._refused.items() if tries >= TRIES and key.startswith(f"raw/{topic}/")]
        return self._known | dict(ripe[: max(0, IN_A_ROW - self._given_up[topic])])

    def stuck(self, topic: str) -> bool:
        """Whether nothing of `topic` is given up any more until a file of it loads."""
        return self._given_up[topic] >= IN_A_ROW

    def texts(self) -> list[str]:
        """What is refused and not yet settled, for a person."""
        return [f"{key} was refused {tries} times: {reason}" for key, (tries, reason) in self._refused.items()]
