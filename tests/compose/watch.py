"""What Prometheus and Alertmanager say of the alerts."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from stock_testing.poll import poll_until

UNSEEN = frozenset(
    {"SymbolsUnknown", "MessagesSetAside", "SinkBlocked", "BrokerClockAhead", "LoaderForeignObjects"}
)
"""Alerts that no fault of seen_firing.py sets off. Only made-up series test them."""


class Watch:
    """Remembers which alerts were seen `fired` and, after that, `ended`."""

    def __init__(self, prometheus: int, alertmanager: int) -> None:
        self._prometheus = f"http://127.0.0.1:{prometheus}/api/v1"
        self._alertmanager = f"http://127.0.0.1:{alertmanager}/api/v2"
        self.fired: set[str] = set()
        self.ended: set[str] = set()

    def value(self, metric: str) -> float:
        """The one sample of a metric without special signs. Raises IndexError when there is none."""
        return float(_read(f"{self._prometheus}/query?query={metric}")["data"]["result"][0]["value"][1])

    def firing(self) -> set[str]:
        alerts = _read(f"{self._prometheus}/alerts")["data"]["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    def alerts(self) -> tuple[set[str], set[str]]:
        """Alertmanager's active alerts, and its suppressed ones, which are consequences."""
        alerts = _read(f"{self._alertmanager}/alerts")
        active = {alert["labels"]["alertname"] for alert in alerts if alert["status"]["state"] == "active"}
        return active, {alert["labels"]["alertname"] for alert in alerts} - active

    def fires(self, *names: str, within: float = 60) -> None:
        """Each was firing at some time from now on; all need not at once."""
        seen: set[str] = set()

        def all_seen() -> bool:
            seen.update(self.firing())
            return set(names) <= seen

        poll_until(all_seen, f"{', '.join(names)} firing", within, every=1)
        self.fired |= set(names)

    def ends(self, *names: str, within: float = 60) -> None:
        """Neither fires them any more, nor has Alertmanager them."""

        def over() -> bool:
            active, suppressed = self.alerts()
            return not set(names) & (self.firing() | active | suppressed)

        poll_until(over, f"{', '.join(names)} resolved", within, every=1)
        self.ended |= set(names)

    def one_cause(self, cause: str, *consequences: str, besides: str = "") -> None:
        """The cause and `besides` are the only active alerts. The consequences are suppressed."""

        def so() -> bool:
            active, suppressed = self.alerts()
            return active - {besides} == {cause} and set(consequences) <= suppressed

        poll_until(so, f"{cause} active, {', '.join(consequences)} suppressed", 20, every=1)


def _read(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)
