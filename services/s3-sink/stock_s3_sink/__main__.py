"""`stock-s3-sink`: builds the sink and runs it."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from datetime import UTC, datetime
from functools import partial

from stock_common import cli
from stock_common.run import FatalError
from stock_common.service import Context, Service, serve
from stock_common.settings import load_or_exit
from stock_kafka import connection
from stock_kafka.cluster import Unreachable
from stock_kafka.config import MAX_POLL_INTERVAL_MS
from stock_kafka.status import StatusPublisher
from stock_objects.errors import ObjectError
from stock_objects.store import ObjectStore
from stock_s3_sink import skip
from stock_s3_sink.backpressure import Backpressure
from stock_s3_sink.config import SinkSettings
from stock_s3_sink.cutter import Limits
from stock_s3_sink.dead_letters import Allowance, DeadLetterTopic
from stock_s3_sink.liveness import Liveness
from stock_s3_sink.loop import Sink, Stages
from stock_s3_sink.malloc import return_freed_memory
from stock_s3_sink.metrics import Metrics
from stock_s3_sink.progress import Progress
from stock_s3_sink.resume import Resumer, TopicLog
from stock_s3_sink.source import KafkaSource
from stock_s3_sink.status import StatusReporter
from stock_s3_sink.uploads import TOPICS, Uploads
from stock_s3_sink.wait_at_start import wait_for
from stock_s3_sink.writer import LinkWriter

SERVICE = "s3-sink"
STALLED_SECONDS = 120.0
DESCRIPTION = (
    "Writes the topics to S3 as Parquet, each record exactly once. Environment variables configure it."
)
EPILOG = """\
example:
  S3_BUCKET=stocks KAFKA_BOOTSTRAP_SERVERS=localhost:9092 FLUSH_SECONDS=5 stock-s3-sink
  stock-s3-sink skip --help

exit codes:
  0  stopped by SIGTERM or SIGINT
  1  an operator must act, as the last log line says
  2  the configuration has faults
"""


def boottime() -> float:
    """Monotonic seconds that go on while the machine sleeps, where the platform has such a clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def main() -> int:
    options = _parser().parse_args()
    settings = load_or_exit(SinkSettings)
    if options.command == "skip":
        logging.basicConfig(stream=sys.stderr, level=logging.CRITICAL)
        return cli.run(lambda: _skip(options, settings), (FatalError, Unreachable, ObjectError))
    return_freed_memory()
    service = Service(SERVICE, settings.metrics_port, ("kafka", "s3"), STALLED_SECONDS, "consumer.log")
    return serve(service, settings, _work)


def _parser() -> argparse.ArgumentParser:
    parser = cli.parser("stock-s3-sink", DESCRIPTION, EPILOG)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    add = cli.command(commands, "skip", "give up what nobody can read", skip.EXAMPLES).add_argument
    add("--topic", required=True, help="stock-data, stock-alerts or stock-bars")
    add("--partition", required=True, type=int, help="its number")
    add("--yes", action="store_true", help="record the offsets as lost")
    return parser


def _skip(options: argparse.Namespace, settings: SinkSettings) -> int:
    connection.require(settings, SERVICE)
    store, source = ObjectStore(settings), KafkaSource(settings, f"{settings.kafka_group}-skip")
    letters = DeadLetterTopic(settings.producer(SERVICE), Allowance(0, 0))
    writer = LinkWriter(store, letters, TopicLog(source), lambda: True, lambda error: None)
    return skip.perform(options, source, store, writer)


def _work(context: Context[SinkSettings]) -> int:
    with connection.watched(context.settings, SERVICE, context.health, context.log):
        return _run(context)


def _run(context: Context[SinkSettings]) -> int:
    settings = context.settings
    metrics = Metrics(context.registry)
    source = KafkaSource(settings, settings.kafka_group)
    checks = {
        "s3": ObjectStore(settings, tries=1).check,
        "kafka": partial(source.require_append_time, TOPICS),
    }
    for name, check in checks.items():
        if not wait_for(name, check, context.health, context.stop, context.log):
            context.log.info("closed", exit_code=0)
            return 0
    sink = _sink(context, source, metrics)
    return context.run(sink.poll_once, sink.close)


def _sink(context: Context[SinkSettings], source: KafkaSource, metrics: Metrics) -> Sink:
    settings = context.settings
    store = ObjectStore(settings)
    liveness = Liveness(MAX_POLL_INTERVAL_MS / 1000, boottime)
    status = StatusReporter(
        metrics, StatusPublisher(settings, SERVICE), context.log, lambda: datetime.now(UTC)
    )
    allowance = Allowance(settings.reject_burst, settings.reject_percent)
    writer = LinkWriter(
        store,
        DeadLetterTopic(settings.producer(SERVICE), allowance),
        TopicLog(source),
        liveness.fresh,
        status.retry,
    )
    stages = Stages(
        source,
        Progress(source.ends),
        Backpressure(source, settings.buffer_bytes),
        Resumer(source, store, writer, status, liveness, context.stop.wait),
        Uploads(writer, settings.upload_threads),
        status,
    )
    limits = Limits(settings.flush_rows, settings.flush_bytes, settings.flush_seconds)
    return Sink(stages, limits, liveness, context.log)


if __name__ == "__main__":
    raise SystemExit(main())
