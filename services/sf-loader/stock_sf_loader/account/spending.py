"""What the loader's warehouse costs, and whether it costs more than necessary. Pure.

`infra/usage.py` computes the same, and a test holds the two together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

AUTO_SUSPEND_SECONDS = 60
AWAKE_SECONDS = 102
"""How long a load keeps the warehouse awake: its work, the auditor's question after it, and the wait before
it sleeps. Assumed (docs/how-to/cost.md)."""
SESSION_HOURS = 21 * 6.5
"""Of a month."""
MARGIN, SUSPENDS_AT = 1.5, 0.9


def quota(load_interval: float) -> int:
    """Credits a month that a monitor should allow for loads each `load_interval` seconds on an X-SMALL.

    It is half as much again as they take, because a monitor suspends at 90 % of its quota.
    """
    return math.ceil(SESSION_HOURS * min(1.0, AWAKE_SECONDS / load_interval) * MARGIN / SUSPENDS_AT)


def spending(name: str, row: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Why the warehouse costs more than necessary, and what changes that. Both are empty when it does not.

    row: the warehouse's row of SHOW WAREHOUSES.
    """
    found = {
        "WAREHOUSE_SIZE = 'X-SMALL'": _size(row),
        f"AUTO_SUSPEND = {AUTO_SUSPEND_SECONDS}": _pause(row.get("auto_suspend")),
        "GENERATION = '1'": _generation(row),
        "ENABLE_QUERY_ACCELERATION = FALSE": _acceleration(row),
        "RESOURCE_MONITOR = ...": "" if monitor(row) else "nothing stops its spending",
    }
    wrong = {change: reason for change, reason in found.items() if reason}
    return "; ".join(wrong.values()), tuple(f"ALTER WAREHOUSE {name} SET {change};" for change in wrong)


def monitor(row: Mapping[str, Any]) -> str:
    """The warehouse's resource monitor, empty where it has none."""
    named = str(row.get("resource_monitor") or "null")
    return "" if named.lower() == "null" else named


def too_little(row: Mapping[str, Any], load_interval: float) -> str:
    """Why the monitor would stop the loads of a month. Empty when its quota is enough.

    row: the monitor's row of SHOW RESOURCE MONITORS.
    """
    least, given = quota(load_interval), float(row.get("credit_quota") or 0)
    if not given or given >= least:
        return ""
    return f"its monitor allows {given:g} credits a month, loads each {load_interval:g} s should have {least}"


def _size(row: Mapping[str, Any]) -> str:
    size = str(row.get("size", ""))
    return "" if size.upper() in ("X-SMALL", "XSMALL") else f"its size is {size}"


def _pause(pause: Any) -> str:
    if pause and int(pause) <= AUTO_SUSPEND_SECONDS:
        return ""
    return f"it sleeps after {pause} s" if pause else "it never sleeps"


def _generation(row: Mapping[str, Any]) -> str:
    """Only where it is shown to be another: older accounts do not show it."""
    shown = str(row.get("generation") or row.get("resource_constraint") or "1")
    return f"its generation is {shown[-1]}, at 1.35 credits an hour on AWS" if shown[-1] != "1" else ""


def _acceleration(row: Mapping[str, Any]) -> str:
    is_on = str(row.get("enable_query_acceleration", "false")).lower() == "true"
    return "query acceleration is on, which is billed apart" if is_on else ""
