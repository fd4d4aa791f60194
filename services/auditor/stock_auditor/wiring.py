"""Builds an auditor from the settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from stock_auditor.auditor import Auditor
from stock_auditor.clients import Clients
from stock_auditor.config import TOPICS, AuditorSettings
from stock_auditor.decisions.topic import Acceptances, KafkaDecisions
from stock_auditor.stages.base import Stages
from stock_auditor.stages.bucket import BucketReader
from stock_auditor.stages.kafka import KafkaReader
from stock_auditor.stages.records import RecordReader
from stock_auditor.stages.warehouse import WarehouseReader
from stock_common.run import FatalError
from stock_kafka.refused import Refused
from stock_objects.store import ObjectStore
from stock_warehouse.session import Warehouse


def new_auditor(
    settings: AuditorSettings,
    warehouse: Warehouse,
    clients: Clients,
    topics: Sequence[str] = TOPICS,
    limit: float | None = None,
    go_on: Callable[[], bool] = lambda: True,
    refused: Refused | None = None,
) -> Auditor:
    """`refused` takes what is no decision. Raises FatalError for settings that a client refuses."""
    try:
        store = ObjectStore(settings)
    except ValueError as error:
        raise FatalError(f"The S3 client refuses its settings: {error}") from None
    decisions = Acceptances(KafkaDecisions(clients, refused))
    stages = Stages(
        WarehouseReader(warehouse),
        BucketReader(store),
        KafkaReader(clients.admin, decisions.read),
        RecordReader(clients.admin, clients.reader, decisions.sent),
    )
    limit = settings.in_flight_seconds if limit is None else limit
    return Auditor(stages, topics, limit, lambda: datetime.now(UTC), go_on)
