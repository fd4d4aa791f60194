"""Metrics, declared one a line: name, help text, and the closed set of each label.

Every child exists from the start, so that a rate or an alert sees a 0 before the first event. Example:

    make = Factory(registry, "stock_sf_loader")
    self.files = make.counter("files_total", "Objects in the ledger.", topic=TOPICS, status=STATUSES)
    self.lag = make.gauge("lag_seconds", "Age of the oldest object that waits, 0 when none does.")
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

M = TypeVar("M", bound=MetricWrapperBase)


class Factory:
    """Makes metrics named `<prefix>_<name>` on a registry. Each label is a keyword argument with its values.

    None in place of the values is an open label set. Its children appear when they are first used.
    """

    def __init__(self, registry: CollectorRegistry, prefix: str) -> None:
        self._registry = registry
        self._prefix = prefix

    def counter(self, name: str, help: str, **labels: Iterable[str] | None) -> Counter:
        return _with_children(Counter(self._full(name), help, [*labels], registry=self._registry), labels)

    def gauge(self, name: str, help: str, **labels: Iterable[str] | None) -> Gauge:
        return _with_children(Gauge(self._full(name), help, [*labels], registry=self._registry), labels)

    def histogram(
        self, name: str, help: str, buckets: Sequence[float], **labels: Iterable[str] | None
    ) -> Histogram:
        """`buckets` are the upper bounds, without the infinite one."""
        made = Histogram(self._full(name), help, [*labels], registry=self._registry, buckets=buckets)
        return _with_children(made, labels)

    def _full(self, name: str) -> str:
        return f"{self._prefix}_{name}"


def _with_children(metric: M, labels: dict[str, Iterable[str] | None]) -> M:
    sets = [tuple(values) for values in labels.values() if values is not None]
    if labels and len(sets) == len(labels):
        for values in product(*sets):
            metric.labels(*values)
    return metric
