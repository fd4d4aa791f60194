"""The commands that end by themselves, put together."""

from __future__ import annotations

import argparse
import os
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from stock_auditor.arguments import TOPICS
from stock_auditor.auditor import Auditor
from stock_auditor.bucket import BucketReader
from stock_auditor.command import accept, audit_once, withdraw
from stock_auditor.config import AuditorSettings
from stock_auditor.decision_topic import open_decisions
from stock_auditor.edit import editor, unchanged
from stock_auditor.letters import Choice
from stock_auditor.log import LogReader, open_log
from stock_auditor.replay import Replay
from stock_auditor.replay_command import Task, replay_once
from stock_auditor.replay_topics import open_origins
from stock_auditor.warehouse import WarehouseReader
from stock_common.run import FatalError, Stop
from stock_common.settings import refuse
from stock_kafka.config import KafkaSettings
from stock_objects.store import ObjectStore
from stock_warehouse.session import Warehouse

SERVICE = "auditor"


def new_auditor(
    settings: AuditorSettings, warehouse: Warehouse, log: LogReader, topics: Sequence[str], limit: float, go_on: Callable[[], bool] = lambda: True
) -> Auditor:
    """Raises FatalError for settings that the S3 client refuses."""
    try:
        store = ObjectStore(settings)
    except ValueError as error:
        raise FatalError(f"The S3 client refuses its settings: {error}") from None
    return Auditor(WarehouseReader(warehouse), BucketReader(store), log, topics, limit, lambda: datetime.now(UTC), go_on)


def run_audit(settings: AuditorSettings, options: argparse.Namespace) -> int:
    """`audit`: its exit code."""
    warehouse = Warehouse(settings, SERVICE)
    topics = [options.topic] if options.topic else TOPICS
    limit = 0.0 if options.drained else settings.in_flight_seconds
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    try:
        auditor = new_auditor(settings, warehouse, open_log(settings, SERVICE, silent=True), topics, limit)
        return audit_once(auditor, options.full, options.json, colour, sys.stdout, sys.stderr)
    finally:
        warehouse.close()


def run_accept(settings: AuditorSettings, options: argparse.Namespace) -> int:
    """`accept`: its exit code."""
    topic, now = open_decisions(settings, SERVICE), datetime.now(UTC)
    if options.withdraw:
        return withdraw(topic, options.ids, now, sys.stdout, sys.stderr)
    warehouse = Warehouse(settings, SERVICE)
    try:
        auditor = new_auditor(settings, warehouse, open_log(settings, SERVICE, silent=True), TOPICS, settings.in_flight_seconds)
        return accept(auditor, topic, options.ids, options.reason, now, sys.stdout, sys.stderr)
    finally:
        warehouse.close()


def run_replay(settings: KafkaSettings, options: argparse.Namespace) -> int:
    """`replay`: its exit code. Stopped by a signal, it ends after the batch."""
    try:
        edit = editor(options.edit) if options.edit else unchanged
    except ValueError as error:
        refuse(f"--edit: {error}")
    stop = Stop()
    stop.install()

    def pause(seconds: float) -> None:
        if stop.wait(seconds):
            raise KeyboardInterrupt

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    topic, origins = open_decisions(settings, SERVICE), open_origins(settings, SERVICE, options.edit)
    replay = Replay(uuid.uuid4().hex, topic, origins, edit, time.monotonic, pause, lambda: datetime.now(UTC), say)
    choice = Choice(options.topic, options.partition, options.reason, options.since, options.until, options.again)
    task = Task(replay, origins.letters, choice, options.limit, options.dry_run, options.json)
    try:
        return replay_once(task, lambda: not stop, sys.stdout, sys.stderr)
    finally:
        origins.close()
        topic.close()
