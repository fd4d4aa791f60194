"""Puts the loader together from its settings."""

from __future__ import annotations

import os
import socket
import threading
import uuid
from collections.abc import Callable
from time import monotonic

import structlog
from prometheus_client import CollectorRegistry

from stock_common import keys
from stock_common.health import Health
from stock_common.run import Stop
from stock_objects.store import ObjectStore
from stock_sf_loader.config import LoaderSettings
from stock_sf_loader.ledger import Session
from stock_sf_loader.loader import Loader
from stock_sf_loader.metrics import TOPICS, Metrics
from stock_sf_loader.rebuild import NewLoader
from stock_sf_loader.repair import Repair
from stock_sf_loader.repairs import Progress
from stock_sf_loader.suspects import Suspects
from stock_sf_loader.transaction import Stopped
from stock_sf_loader.verify import Verifier
from stock_warehouse.session import Warehouse

NAME = "sf-loader"
REPAIR_STATEMENT_SECONDS = 4 * 3600
"""A whole table may be copied by one statement."""


def new_holder() -> str:
    """Who takes the lease: host, process and a number that no other transaction has."""
    return f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4()}"


def progress(stop: Stop, health: Health) -> Callable[[], None]:
    """What the loader calls between long steps: it beats, and raises Stopped when the process is to end."""

    def go_on() -> None:
        if stop:
            raise Stopped("stopping")
        health.beat()

    return go_on


def leave_in_time(stop: Stop, seconds: float, leave: Callable[[], None]) -> threading.Thread:
    """Calls `leave` when the process is still there `seconds` after the stop. Started at once; ends with the process.

    A statement cannot be interrupted, but it can be left: the session's end, or the server's timeout, rolls its transaction back.
    """

    def watch() -> None:
        while not stop.wait(3600):
            continue
        threading.Event().wait(seconds)
        leave()

    thread = threading.Thread(target=watch, name="leave-in-time", daemon=True)
    thread.start()
    return thread


def build_repair(
    settings: LoaderSettings, stop: Stop, log: structlog.stdlib.BoundLogger, tell: Callable[[str], None]
) -> tuple[Repair, NewLoader, Warehouse]:
    """The surroundings of a repair, what makes a rebuild's loaders, and the session of both. Nothing is sent before the first statement."""
    warehouse = Warehouse(settings, NAME, transactional=True, statement_timeout=REPAIR_STATEMENT_SECONDS)
    bucket, go_on = ObjectStore(settings), progress(stop, Health())

    def new_loader(session: Session, topic: str, suspects: Suspects) -> Loader:
        metrics = Progress(CollectorRegistry(), [topic]).told_to(tell)
        return Loader(
            session,
            bucket,
            [topic],
            settings.snowflake_stage,
            new_holder=new_holder,
            go_on=go_on,
            clock=monotonic,
            metrics=metrics,
            log=log,
            suspects=suspects,
        )

    return Repair(warehouse, bucket, settings.snowflake_stage, new_holder, go_on, stop.wait, tell), new_loader, warehouse


def build_verifier(settings: LoaderSettings) -> tuple[Verifier, Warehouse]:
    """What looks for missing rights, and its session. Nothing is sent before the first statement."""
    warehouse, bucket = Warehouse(settings, NAME, transactional=True), ObjectStore(settings)

    def find() -> tuple[str, str] | None:
        for topic in TOPICS:
            for info in bucket.objects(keys.topic_prefix(topic)):
                return topic, info.key
        return None

    return Verifier(warehouse, settings, find), warehouse


def build(
    settings: LoaderSettings, registry: CollectorRegistry, health: Health, stop: Stop, log: structlog.stdlib.BoundLogger
) -> tuple[Loader, Warehouse]:
    """The loader and its session. Nothing is sent before the first cycle."""
    warehouse = Warehouse(settings, NAME, transactional=True)
    loader = Loader(
        warehouse,
        ObjectStore(settings),
        TOPICS,
        settings.snowflake_stage,
        new_holder=new_holder,
        go_on=progress(stop, health),
        clock=monotonic,
        metrics=Metrics(registry),
        log=log,
    )
    return loader, warehouse
