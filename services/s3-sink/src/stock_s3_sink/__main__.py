"""`stock-s3-sink`: wiring only."""

from __future__ import annotations

import argparse
import random
import time
from datetime import UTC, datetime
from functools import partial

import structlog
from prometheus_client import CollectorRegistry

from stock_common import logs
from stock_common.health import Health, MetricsServer
from stock_common.run import FatalError, Stop, run
from stock_common.settings import load_or_exit, public
from stock_kafka.config import MAX_POLL_INTERVAL_MS
from stock_kafka.status import StatusPublisher
from stock_objects.store import ObjectStore
from stock_s3_sink.chunks import Limits
from stock_s3_sink.config import SinkSettings
from stock_s3_sink.dead_letters import Allowance, DeadLetterTopic
from stock_s3_sink.dependencies import wait_for
from stock_s3_sink.memory import give_back
from stock_s3_sink.metrics import Metrics
from stock_s3_sink.poll_clock import PollClock
from stock_s3_sink.position import require_topic
from stock_s3_sink.reports import Reports
from stock_s3_sink.sink import Sink
from stock_s3_sink.source import KafkaSource
from stock_s3_sink.uploads import TOPICS, Uploads
from stock_s3_sink.writer import LinkWriter

SERVICE = "s3-sink"
STALLED_SECONDS = 120.0


def boottime() -> float:
    """Monotonic seconds that go on while the machine sleeps, where the platform has them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def main() -> int:
    argparse.ArgumentParser(
        prog="stock-s3-sink",
        description="Writes the topics to S3 as Parquet, each record exactly once. Configured by environment variables, see README.",
        epilog="Example: S3_BUCKET=stocks KAFKA_BOOTSTRAP_SERVERS=localhost:9092 FLUSH_SECONDS=5 stock-s3-sink",
    ).parse_args()
    settings = load_or_exit(SinkSettings)
    log = logs.setup(SERVICE, settings, "consumer.log")
    log.info("starting", settings=public(settings))
    give_back()
    stop = Stop()
    stop.install()
    registry = CollectorRegistry()
    health = Health(["kafka", "s3"], STALLED_SECONDS)
    metrics = Metrics(registry)
    try:
        server = MetricsServer(settings.metrics_host, settings.metrics_port, registry, health)
    except OSError as error:
        log.error("stopped", reason=f"METRICS_HOST {settings.metrics_host}, METRICS_PORT {settings.metrics_port} cannot be listened on: {error}")
        return 1
    server.start()
    try:
        source = KafkaSource(settings, settings.kafka_group)
        checks = {"s3": ObjectStore(settings, tries=1).check, "kafka": partial(source.require_append_time, TOPICS)}
        if not all(wait_for(name, check, health, stop, log) for name, check in checks.items()):
            log.info("closed", exit_code=0)
            return 0
        sink = _wire(settings, source, metrics, stop, log)
        return run(sink.poll_once, sink.close, health, stop, log)
    except FatalError as error:
        log.error("cannot start", reason=str(error))
        return 1
    finally:
        server.close()


def _wire(settings: SinkSettings, source: KafkaSource, metrics: Metrics, stop: Stop, log: structlog.stdlib.BoundLogger) -> Sink:
    store = ObjectStore(settings)
    poll_clock = PollClock(MAX_POLL_INTERVAL_MS / 1000, boottime)
    reports = Reports(metrics, StatusPublisher(settings, SERVICE), log, lambda: datetime.now(UTC))
    letters = DeadLetterTopic(settings.producer(SERVICE), Allowance(settings.reject_burst, settings.reject_percent))
    writer = LinkWriter(store, letters, poll_clock.fresh, reports.retry, random.Random(), partial(require_topic, source.topic_ids))
    uploads = Uploads(writer, settings.upload_threads)
    limits = Limits(settings.flush_rows, settings.flush_bytes, settings.flush_seconds)
    return Sink(source, store, writer, uploads, reports, limits, settings.buffer_bytes, poll_clock, log, stop.wait)


if __name__ == "__main__":
    raise SystemExit(main())
