"""Alerts of the topic and of the warehouse together, and what has happened to each symbol since."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, tzinfo
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from stock_common.records import Alert
from stock_dashboard import queries, runtime, text
from stock_dashboard.history import Picture

FIELDS = (
    ("triggered_at", pa.timestamp("us", "UTC")),
    ("symbol", pa.string()),
    ("rule", pa.string()),
    ("severity", pa.string()),
    ("direction", pa.string()),
    ("price", pa.float64()),
    ("reference", pa.float64()),
    ("threshold", pa.float64()),
    ("now", pa.float64()),
    ("since", pa.float64()),
    ("lowest", pa.float64()),
    ("highest", pa.float64()),
    ("message", pa.string()),
    ("alert_id", pa.string()),
)
"""The columns of an alert in a file; `since`, `lowest`, `highest` are percent of the alert's price."""


class Known(NamedTuple):
    """Newest first. `picture` is the warehouse's share."""

    alerts: list[Alert]
    picture: Picture


def known(shared: runtime.Runtime, acted: bool) -> Known:
    """Every alert that the topic or the warehouse holds, one that both have once. `acted`: a page of them is being opened."""
    picture = shared.picture(queries.alerts(), acted=acted)
    return Known(merged(shared.store.alerts(), picture.table), picture)


def merged(live: Iterable[Alert], stored: pa.Table | None) -> list[Alert]:
    """Newest first; the topic's word counts where both have an alert."""
    found = {row["alert_id"]: _alert(row) for row in (stored.to_pylist() if stored is not None else [])}
    found |= {alert.alert_id: alert for alert in live}
    return sorted(found.values(), key=lambda alert: (alert.triggered_at, alert.alert_id), reverse=True)


def _alert(row: dict[str, Any]) -> Alert:
    return Alert(**{name: row[name] for name in queries.ALERT_COLUMNS} | {"triggered_at": row["triggered_at"].astimezone(UTC)})


def swing(minutes: np.ndarray, whole_from: float | None, at: datetime) -> tuple[float, float] | None:
    """The lowest and the highest price since the minute after `at`, from the tape (shape (6, n), see tape.Minutes); None where it began later."""
    if whole_from is None or at.timestamp() < whole_from - 60:
        return None
    after = minutes[:, minutes[0] > at.timestamp()]
    return (float(after[3].min()), float(after[2].max())) if after.shape[1] else None


def rows(
    alerts: Iterable[Alert],
    prices: dict[str, float],
    minutes: Callable[[str], tuple[np.ndarray, float | None]],
    zone_of: Callable[[str], tzinfo],
    now: datetime,
) -> list[dict[str, Any]]:
    """Alerts as the table draws them. `prices`: the latest of each symbol; `minutes`: its tape; `zone_of`: its exchange's time zone."""
    tapes: dict[str, tuple[np.ndarray, float | None]] = {}
    found = []
    for alert in alerts:
        then, price = float(alert.price), prices.get(alert.symbol)
        if alert.symbol not in tapes:
            tapes[alert.symbol] = minutes(alert.symbol)
        span = swing(*tapes[alert.symbol], alert.triggered_at)
        lowest, highest = (_percent(value, then) for value in span) if span else (None, None)
        found.append(
            {
                "key": alert.alert_id,
                "symbol": alert.symbol,
                "at": alert.triggered_at.timestamp(),
                "when": text.stamp(alert.triggered_at, zone_of(alert.symbol), now),
                "rule": alert.rule,
                "severity": alert.severity,
                "alerted": then,
                "price": price,
                "since": None if price is None else _percent(price, then),
                "lowest": lowest,
                "highest": highest,
                "message": alert.message,
            }
        )
    return found


def _percent(value: float, base: float) -> float | None:
    return (value / base - 1) * 100 if base else None


def exported(seen: Iterable[dict[str, Any]], alerts: Iterable[Alert]) -> list[dict[str, Any]]:
    """The table's rows with the alert's own fields, for a file."""
    by_id = {alert.alert_id: alert for alert in alerts}
    found = []
    for row in seen:
        alert = by_id[row["key"]]
        own = {name: None if (value := getattr(alert, name)) is None else float(value) for name in ("price", "reference", "threshold")}
        more = {"direction": alert.direction, "triggered_at": alert.triggered_at, "now": row["price"], "alert_id": alert.alert_id}
        found.append(row | own | more)
    return found
