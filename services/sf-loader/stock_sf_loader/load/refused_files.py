"""Files that Snowflake refused. They are tried again in later cycles, then quarantined. State without I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from stock_common.ledger import QUARANTINED
from stock_sf_loader.load.ledger import Entry

TRIES = 3
"""A file is quarantined after so many refusals, one a cycle."""
IN_A_ROW = 3
"""So many files of one topic are quarantined with none loaded in between. If more are refused, the table or
the stage is at fault, not the files."""


class RefusedFiles:
    """Counts refusals by key. `known` (key → reason) are quarantined without a try, in any number."""

    def __init__(self, known: Mapping[str, str] | None = None) -> None:
        self._known = dict(known or {})
        self._refused: dict[str, tuple[int, str]] = {}
        self._given_up: Counter[str] = Counter()
        self._loaded: Counter[str] = Counter()
        self._failed: dict[str, int] = {}

    def refused(self, key: str, reason: str) -> int:
        """Counts a refusal and returns how many there were of this file."""
        tries = self._refused.get(key, (0, ""))[0] + 1
        self._refused[key] = (tries, reason)
        return tries

    def is_to_blame(self, key: str, topic: str, later_loads: Callable[[], bool]) -> bool:
        """Whether a file whose COPY fails for no reason of its data is at fault: others of its topic load.

        later_loads: tries a later file of its chain. It is asked where no other file has loaded.
        Not when it fails for the first time. Table or stage may be at fault then.
        """
        if key not in self._failed:
            self._failed[key] = self._loaded[topic]
            return False
        return self._failed[key] < self._loaded[topic] or later_loads()

    def settled(self, entries: Sequence[Entry]) -> None:
        """The entries are in the ledger now."""
        for entry in entries:
            if entry.is_copied:
                self._given_up[entry.chain.topic] = 0
                self._loaded[entry.chain.topic] += 1
            self._failed.pop(entry.key, None)
            if self._refused.pop(entry.key, None) and entry.status == QUARANTINED:
                self._given_up[entry.chain.topic] += 1

    def waiting(self, topic: str) -> set[str]:
        """Keys to be tried alone."""
        return self._refused.keys() - self.corrupt(topic).keys()

    def corrupt(self, topic: str) -> Mapping[str, str]:
        """Keys to be quarantined, with the last reason: the known ones, and as many as IN_A_ROW allows."""
        ripe = [
            (key, reason)
            for key, (tries, reason) in self._refused.items()
            if tries >= TRIES and key.startswith(f"raw/{topic}/")
        ]
        return self._known | dict(ripe[: max(0, IN_A_ROW - self._given_up[topic])])

    def stuck(self, topic: str) -> bool:
        """Whether no more files of `topic` are quarantined until one loads."""
        return self._given_up[topic] >= IN_A_ROW

    def texts(self) -> list[str]:
        """A sentence for each file that was refused and is not yet in the ledger."""
        return [
            f"{key} was refused {tries} times: {reason}" for key, (tries, reason) in self._refused.items()
        ]
