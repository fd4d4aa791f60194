"""A COPY that is rolled back. It shows whether table and stage are sound where a chain's next file fails."""

from __future__ import annotations

from collections.abc import Sequence

from stock_objects.chain import Chain
from stock_objects.store import ObjectInfo
from stock_sf_loader.load import transaction
from stock_sf_loader.load.copy_into import BatchRefused, FileRefused
from stock_sf_loader.load.ledger import Entry
from stock_sf_loader.load.listing import Heads
from stock_sf_loader.load.plan import placed
from stock_sf_loader.load.resources import Resources

LOOKED_AT = 3
"""So many of the newest objects are asked for by HEAD, as a link may have no rows."""


class _Undo(Exception):
    """Ends a transaction that was only a trial."""


def newest_loads(resources: Resources, chain: Chain, objects: Sequence[ObjectInfo]) -> bool:
    """Whether COPY takes the newest of the chain's `objects` that has rows. False where there is none.

    The newest, because it changes with time: bad files in a row do not decide for ever.
    Blocks while COPY runs, and leaves nothing of it. Raises what the session and `go_on` raise.
    """
    looked = Heads(resources.bucket, resources.go_on).find({chain: objects[-LOOKED_AT:]})
    entries = [placed(chain, item, item.link, None) for item in looked.found[chain] if item.link]
    copied = [entry for entry in entries if entry.is_copied]
    return bool(copied) and _loads(resources, copied[-1])


def _loads(resources: Resources, entry: Entry) -> bool:
    try:
        with resources.session.transaction():
            transaction.copy(resources.session, resources.stage, [entry], resources.go_on)
            raise _Undo
    except _Undo:
        return True
    except (FileRefused, BatchRefused):
        return False
