from prometheus_client import CollectorRegistry, generate_latest

from stock_common.metrics import Factory


def lines(registry: CollectorRegistry) -> list[str]:
    return [line for line in generate_latest(registry).decode().splitlines() if "_created" not in line]


def test_every_child_of_a_closed_set_exists_from_the_start() -> None:
    registry = CollectorRegistry()
    made = Factory(registry, "stock_example").counter(
        "files_total", "Files.", topic=("a", "b"), status=("loaded", "quarantined")
    )
    made.labels("b", "loaded").inc(2)
    assert lines(registry) == [
        "# HELP stock_example_files_total Files.",
        "# TYPE stock_example_files_total counter",
        'stock_example_files_total{status="loaded",topic="a"} 0.0',
        'stock_example_files_total{status="quarantined",topic="a"} 0.0',
        'stock_example_files_total{status="loaded",topic="b"} 2.0',
        'stock_example_files_total{status="quarantined",topic="b"} 0.0',
    ]


def test_an_open_set_appears_when_it_is_used() -> None:
    registry = CollectorRegistry()
    made = Factory(registry, "stock_example").gauge("age_seconds", "Age.", topic=("a",), symbol=None)
    assert lines(registry) == [
        "# HELP stock_example_age_seconds Age.",
        "# TYPE stock_example_age_seconds gauge",
    ]
    made.labels("a", "AAPL").set(1)
    assert lines(registry)[-1] == 'stock_example_age_seconds{symbol="AAPL",topic="a"} 1.0'


def test_metrics_without_labels_are_there_at_once() -> None:
    registry = CollectorRegistry()
    make = Factory(registry, "stock_example")
    make.gauge("lag_seconds", "Lag.")
    make.histogram("put_seconds", "Puts.", buckets=(1, 5), outcome=("ok", "failed"))
    assert registry.get_sample_value("stock_example_lag_seconds") == 0
    assert (
        registry.get_sample_value("stock_example_put_seconds_bucket", {"outcome": "failed", "le": "5.0"}) == 0
    )
    assert registry.get_sample_value("stock_example_put_seconds_bucket", {"outcome": "ok", "le": "+Inf"}) == 0
