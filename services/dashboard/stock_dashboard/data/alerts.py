"""Alerts of the topic and of the warehouse together, and what has happened to each symbol since."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, tzinfo
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from stock_common.records import Alert
from stock_dashboard import text
from stock_dashboard.data.row import STAMP
from stock_dashboard.data.runtime import Runtime
from stock_dashboard.history import queries
from stock_dashboard.history.cache import Result
from stock_dashboard.ui.table import Column

MinutesOf = Callable[[str], tuple[np.ndarray, float | None]]
"""Symbol → its minute bars, see LiveStore.minutes."""
COLUMNS = (
    Column("when", sorted_by="at"),
    Column("symbol"),
    Column("since"),
    Column("message"),
    Column("rule"),
    Column("alerted"),
    Column("price"),
    Column("swing"),
    Column("severity"),
)
"""The columns of the table. It draws `swing` from `lowest` and `highest`."""
FIELDS = (
    ("triggered_at", STAMP),
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
"""The columns of an alert in a file. `since`, `lowest` and `highest` are percent of the alert's price."""
ALERT_FIELDS = ("triggered_at", "symbol", "rule", "severity", "direction", "message", "alert_id")
RULES = {
    "move": (
        "The price has moved by the threshold or more against the previous close: "
        "one alert a crossing, a direction and a trading day."
    ),
    "move-within": (
        "The price has moved by the threshold or more within the rule's minutes: "
        "one alert a crossing and a direction."
    ),
    "price": "The price has crossed the rule's price: one alert a crossing.",
    "volume-spike": (
        "A quarter of an hour has had many times its usual volume at that time of day: one alert a quarter."
    ),
    "silence": "No quote has come for the rule's minutes while the market trades: one alert a silence.",
}
"""What the producer's rules report, by name. A rule of another name is shown without an explanation."""


class AllAlerts(NamedTuple):
    """The alerts, newest first, and the warehouse's result that some of them are from."""

    alerts: list[Alert]
    result: Result


class AlertRow(NamedTuple):
    """An alert and what has happened since.

    when: its time in words.
    price: the latest one.
    lowest, highest: the prices since, in percent of the alert's own.
    """

    alert: Alert
    when: str
    price: float | None
    lowest: float | None
    highest: float | None

    @property
    def symbol(self) -> str:
        return self.alert.symbol

    @property
    def rule(self) -> str:
        return self.alert.rule

    @property
    def severity(self) -> str:
        return self.alert.severity

    @property
    def message(self) -> str:
        return self.alert.message

    @property
    def at(self) -> float:
        """Seconds since 1970."""
        return self.alert.triggered_at.timestamp()

    @property
    def alerted(self) -> float:
        """The price that raised the alert."""
        return float(self.alert.price)

    @property
    def since(self) -> float | None:
        return None if self.price is None else _percent(self.price, self.alerted)

    def cells(self) -> dict[str, Any]:
        """What the browser draws the row from."""
        own = {name: getattr(self.alert, name) for name in ("symbol", "rule", "severity", "message")}
        since = {name: getattr(self, name) for name in ("alerted", "price", "since", "lowest", "highest")}
        return {"key": self.alert.alert_id, "at": self.at, "when": self.when, **own, **since}


def file_rows(rows: Iterable[AlertRow]) -> list[dict[str, Any]]:
    """The rows of a file."""
    found = []
    for row in rows:
        alert = row.alert
        numbers = {"price": alert.price, "reference": alert.reference, "threshold": alert.threshold}
        found.append(
            {
                **{name: getattr(alert, name) for name in ALERT_FIELDS},
                **{name: None if value is None else float(value) for name, value in numbers.items()},
                **{name: getattr(row, name) for name in ("since", "lowest", "highest")},
                "now": row.price,
            }
        )
    return found


def all_alerts(shared: Runtime, user_opened: bool) -> AllAlerts:
    """Every alert of the topic and of the warehouse, each once. `user_opened`: a page of them is opened."""
    result = shared.result(queries.alerts(), user_opened=user_opened)
    return AllAlerts(merged(shared.store.alerts(), result.table), result)


def merged(live: Iterable[Alert], stored: pa.Table | None) -> list[Alert]:
    """Newest first. Where both have an alert, the topic's is taken."""
    found = {row["alert_id"]: _alert(row) for row in (stored.to_pylist() if stored is not None else [])}
    found |= {alert.alert_id: alert for alert in live}
    return sorted(found.values(), key=lambda alert: (alert.triggered_at, alert.alert_id), reverse=True)


def _alert(row: dict[str, Any]) -> Alert:
    values = {name: row[name] for name in queries.ALERT_COLUMNS}
    return Alert(**values | {"triggered_at": row["triggered_at"].astimezone(UTC)})


def swing(minutes: np.ndarray, whole_from: float | None, at: datetime) -> tuple[float, float] | None:
    """The lowest and the highest price since the minute after `at`, None where the minute bars begin later.

    minutes, whole_from: see MinuteBars, shape (6, n).
    """
    if whole_from is None or at.timestamp() < whole_from - 60:
        return None
    after = minutes[:, minutes[0] > at.timestamp()]
    return (float(after[3].min()), float(after[2].max())) if after.shape[1] else None


def rows(
    alerts: Iterable[Alert],
    prices: dict[str, float],
    minutes_of: MinutesOf,
    zone_of: Callable[[str], tzinfo],
    now: datetime,
) -> list[AlertRow]:
    """The rows of alerts. `prices`: the latest of each symbol. `zone_of`: the time zone of its exchange."""
    minutes: dict[str, tuple[np.ndarray, float | None]] = {}
    found = []
    for alert in alerts:
        symbol = alert.symbol
        if symbol not in minutes:
            minutes[symbol] = minutes_of(symbol)
        span = swing(*minutes[symbol], alert.triggered_at)
        lowest, highest = (_percent(value, float(alert.price)) for value in span) if span else (None, None)
        when = text.stamp(alert.triggered_at, zone_of(symbol), now)
        found.append(AlertRow(alert, when, prices.get(symbol), lowest, highest))
    return found


def _percent(value: float, base: float) -> float | None:
    return (value / base - 1) * 100 if base else None
