"""Puts the loader, its repairs and its check together from the settings."""

from __future__ import annotations

import os
import random
import socket
import threading
import uuid
from collections.abc import Callable
from time import monotonic

import structlog

from stock_common.health import Health
from stock_common.run import CLOSE_SECONDS, Stop
from stock_common.service import EXIT_FAILED, Context
from stock_kafka import connection
from stock_kafka.status import StatusPublisher
from stock_objects.store import ObjectStore
from stock_sf_loader.account.verify import Verifier
from stock_sf_loader.config import LoaderSettings
from stock_sf_loader.load.cycle import Loader
from stock_sf_loader.load.ledger import LedgerState, Session
from stock_sf_loader.load.listing import Scanner
from stock_sf_loader.load.refused_files import RefusedFiles
from stock_sf_loader.load.resources import Resources
from stock_sf_loader.load.transaction import Stopped
from stock_sf_loader.loop import Loop, Schedule
from stock_sf_loader.metrics import TOPICS, Metrics, utc_now
from stock_sf_loader.progress import leave_when_hung
from stock_sf_loader.repair.base import Repair
from stock_sf_loader.repair.commands import Progress
from stock_sf_loader.repair.rebuild import NewLoader
from stock_sf_loader.selftest.steps import SelfTest
from stock_sf_loader.status import StatusReport
from stock_warehouse.config import SessionOptions
from stock_warehouse.session import Warehouse

NAME = "sf-loader"
REPAIR_STATEMENT_SECONDS = 4 * 3600
"""A whole table may be copied by one statement."""
WRITING = SessionOptions(transactional=True)
REPAIRING = SessionOptions(transactional=True, statement_seconds=REPAIR_STATEMENT_SECONDS)
Tell = Callable[[str], None]


def new_holder() -> str:
    """A holder of the lease: host, process and a number that no other transaction has."""
    return f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4()}"


def progress(stop: Stop, health: Health) -> Callable[[], None]:
    """The function that the loader calls between long steps. It beats, and raises Stopped after the stop."""

    def go_on() -> None:
        if stop:
            raise Stopped("stopping")
        health.beat()

    return go_on


def exit_in_time(
    stop: Stop,
    warn: Callable[[], object],
    seconds: float = CLOSE_SECONDS,
    leave: Callable[[int], object] = os._exit,
) -> threading.Thread:
    """Ends the process by `leave(1)`, after `warn`, if it still runs `seconds` after the stop.

    A statement cannot be interrupted, but its process can end. The end of the session, or the server's
    timeout, rolls the transaction back. The thread is started here and ends with the process.
    """

    def watch() -> None:
        while not stop.wait(3600):
            continue
        threading.Event().wait(seconds)
        warn()
        leave(EXIT_FAILED)

    thread = threading.Thread(target=watch, name="exit-in-time", daemon=True)
    thread.start()
    return thread


def work(context: Context[LoaderSettings]) -> int:
    """The service: loads until the stop and returns the exit code."""
    loader, warehouse = build(context)
    interval = context.settings.load_interval_seconds
    report, schedule = StatusReport(interval, utc_now), Schedule(interval, monotonic, random.random)
    loop = Loop(loader, warehouse, report, StatusPublisher(context.settings, NAME), schedule, context)

    def warn() -> None:
        context.log.error(
            "left in the middle of a statement, whose transaction Snowflake rolls back", seconds=CLOSE_SECONDS
        )

    exit_in_time(context.stop, warn)
    leave_when_hung(context.health, context.log, os._exit)
    with connection.watched(context.settings, NAME, context.health, context.log):
        return context.run(loop.step, loop.close)


def build(context: Context[LoaderSettings]) -> tuple[Loader, Warehouse]:
    """The loader and its session. Nothing is sent before the first cycle."""
    settings = context.settings
    warehouse = Warehouse(settings, NAME, WRITING)
    go_on = progress(context.stop, context.health)
    resources = Resources(warehouse, ObjectStore(settings), settings.snowflake_stage, new_holder, go_on)
    return Loader(resources, TOPICS, Metrics(context.registry), context.log), warehouse


def build_repair(
    settings: LoaderSettings, stop: Stop, log: structlog.stdlib.BoundLogger, tell: Tell
) -> tuple[Repair, NewLoader, Warehouse]:
    """The resources of a repair, the function that makes a rebuild's loaders, and the session of both.

    Nothing is sent before the first statement.
    """
    warehouse = Warehouse(settings, NAME, REPAIRING)
    bucket, stage, go_on = ObjectStore(settings), settings.snowflake_stage, progress(stop, Health())

    def new_loader(session: Session, topic: str, refused: RefusedFiles) -> Loader:
        resources = Resources(session, bucket, stage, new_holder, go_on)
        return Loader(resources, [topic], Progress(topic, tell), log, refused)

    return Repair(warehouse, bucket, stage, new_holder, go_on, stop.wait, tell), new_loader, warehouse


def build_selftest(settings: LoaderSettings) -> SelfTest:
    """The selftest. Nothing is sent before the first statement."""
    return SelfTest(lambda: Warehouse(settings, NAME, WRITING), settings, ObjectStore(settings))


def build_verifier(settings: LoaderSettings) -> tuple[Verifier, Warehouse]:
    """The check of the account, and its session. Nothing is sent before the first statement."""
    warehouse, bucket = Warehouse(settings, NAME, WRITING), ObjectStore(settings)

    def find() -> tuple[str, str] | None:
        listings = Scanner(bucket).new_objects(TOPICS, LedgerState({}, frozenset()))
        return next(((each.chain.topic, each.objects[0].key) for each in listings if each.objects), None)

    return Verifier(warehouse, settings, find), warehouse
