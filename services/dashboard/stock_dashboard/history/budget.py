"""How many questions each viewer may put to the warehouse: a bucket of tokens that fills up again. Pure."""

from __future__ import annotations

AT_ONCE = 60
"""A walk through so many symbols is quick reading. A page asks for a handful."""
SECONDS_EACH = 5.0
"""So often a viewer who has used up the bucket may ask again: 720 questions an hour."""


class Budget:
    """Kept as the time at which each viewer's bucket is full again. `now` is monotonic seconds."""

    def __init__(self) -> None:
        self._full_at: dict[str, float] = {}

    def take(self, viewer: str | None, now: float) -> bool:
        """Takes a question out of the viewer's bucket. False where it is empty. None: no viewer, no limit."""
        if viewer is None:
            return True
        full_at = max(self._full_at.get(viewer, now), now) + SECONDS_EACH
        if full_at - now > AT_ONCE * SECONDS_EACH:
            return False
        self._full_at = {each: at for each, at in self._full_at.items() if at > now}
        self._full_at[viewer] = full_at
        return True
