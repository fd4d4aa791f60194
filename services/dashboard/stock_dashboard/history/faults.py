"""Why a query to the warehouse failed, as the pages and the metrics name it. Pure."""

from __future__ import annotations

from typing import Literal

from stock_common.run import FatalError
from stock_warehouse.errors import AccountSuspended, StatementError

Fault = Literal["unavailable", "suspended", "denied", "refused", "busy", "over_budget"]
"""over_budget: of this viewer alone, see budget."""
AWAY = ("unavailable", "suspended")
"""The faults of the warehouse as a whole: other queries would fail for them too."""
_KINDS: dict[type[Exception], Fault] = {
    FatalError: "denied",
    AccountSuspended: "suspended",
    StatementError: "refused",
}


def classify(error: Exception) -> Fault:
    """What a failed query means: warehouse down, account suspended, access denied, statement refused."""
    for kind, fault in _KINDS.items():
        if isinstance(error, kind):
            return fault
    return "unavailable"
