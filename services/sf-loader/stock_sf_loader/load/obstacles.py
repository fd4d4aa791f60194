"""What stands in the way of chains: named in the status, logged when it begins and when it ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import structlog

from stock_common.printable import printable
from stock_objects.chain import Chain
from stock_sf_loader.load.ledger import LedgerState
from stock_sf_loader.load.listing import Foreign, Listing
from stock_sf_loader.load.plan import Gap

SHOWN_CHAINS = 3
"""So many chains with foreign objects are named in a status."""


class Obstacles:
    """Notes them by chain, as the last cycle has seen them.

    gaps: chains that wait for a missing link.
    unread: chains that wait for an object that the store does not show, and why.
    stopped: chains whose next object Snowflake refused in this cycle, though it may not be at fault.
    foreign: chains with objects that are not ours after their tail. These chains go on.
    """

    def __init__(self, log: structlog.stdlib.BoundLogger) -> None:
        self._log = log
        self.gaps: dict[Chain, Gap] = {}
        self.unread: dict[Chain, Exception] = {}
        self.stopped: dict[Chain, str] = {}
        self.foreign: dict[Chain, Foreign] = {}

    def begin(self) -> None:
        """A cycle begins. Gaps stay until their chain is looked at again."""
        self.unread, self.stopped = {}, {}

    def listed(self, listings: Sequence[Listing]) -> None:
        found = {listing.chain: listing.foreign for listing in listings if listing.foreign.objects}
        for chain, foreign in found.items():
            if chain not in self.foreign:
                self._log.error(
                    "foreign objects in a chain are passed over",
                    topic=chain.topic,
                    partition=chain.partition,
                    objects=foreign.objects,
                    example=foreign.example,
                )
        self.foreign = found

    def planned(self, gaps: dict[Chain, Gap], held: Collection[Chain]) -> None:
        """The gaps of the chains that were looked at. Those of `held` chains were not."""
        now = {chain: gap for chain, gap in self.gaps.items() if chain in held} | gaps
        for chain, gap in now.items():
            if self.gaps.get(chain) != gap:
                self._log.error(
                    "gap in a chain: nothing after it is loaded",
                    topic=chain.topic,
                    partition=chain.partition,
                    **gap._asdict(),
                )
        for chain in self.gaps.keys() - now.keys():
            self._log.info("gap closed", **chain._asdict())
        self.gaps = now

    def could_not_read(self, cut: Mapping[Chain, Exception | None]) -> None:
        for chain, error in cut.items():
            if error is not None:
                self.unread[chain] = error
                self._log.error("object cannot be read", **chain._asdict(), reason=str(error))

    def stop(self, chain: Chain, reason: str) -> None:
        self.stopped[chain] = reason
        self._log.error("chain stops at a file for this cycle", **chain._asdict(), reason=reason)

    def foreign_by_topic(self) -> Counter[str]:
        counts: Counter[str] = Counter()
        for chain, foreign in self.foreign.items():
            counts[chain.topic] += foreign.objects
        return counts

    def faults(self) -> list[str]:
        """A sentence for each chain that waits."""
        return [
            *map(_gap_text, self.gaps.items()),
            *(f"{_place(chain)} waits: {error}" for chain, error in self.unread.items()),
            *(f"{_place(chain)} waits: {reason}" for chain, reason in self.stopped.items()),
        ]

    def notice(self) -> str | None:
        """A sentence on the foreign objects, None where there are none."""
        if not self.foreign:
            return None
        shown = [
            f"{_place(chain)} has at least {foreign.objects}, such as {printable(foreign.example)}"
            for chain, foreign in sorted(self.foreign.items())[:SHOWN_CHAINS]
        ]
        others = len(self.foreign) - len(shown)
        shown += [f"and {others} more chains have some"] if others else []
        return f"foreign objects are passed over: {', '.join(shown)}"


def unsound_texts(state: LedgerState) -> list[str]:
    """A sentence for each chain with rows in the ledger that no loader can have written."""
    return [
        f"the ledger has {count} rows of {printable(_place(chain))} that no loader has written, such as"
        f" {printable(key)}: they are passed over"
        for chain, (count, key) in sorted(state.unsound.items())[:SHOWN_CHAINS]
    ]


def _place(chain: Chain) -> str:
    return f"{chain.topic}/{chain.partition}"


def _gap_text(item: tuple[Chain, Gap]) -> str:
    chain, gap = item
    missing = f"offsets {gap.expected} to {gap.found - 1} are in no object before {gap.key}"
    return f"gap in {_place(chain)}: {missing}"
