"""Loaders, an auditor and an operator, made of the product's own parts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

from stock_auditor.auditor import Audited, Auditor
from stock_auditor.stages import bucket as bucket_stage
from stock_auditor.stages import kafka as kafka_stage
from stock_auditor.stages import records as records_stage
from stock_auditor.stages.base import NotCompared, Stages
from stock_auditor.stages.bucket import BucketReader
from stock_auditor.stages.kafka import KafkaReader
from stock_auditor.stages.records import RecordReader
from stock_auditor.stages.warehouse import WarehouseReader
from stock_common.run import FatalError
from stock_sf_loader.load import cycle as cycles
from stock_sf_loader.load import listing
from stock_sf_loader.load.cycle import Loader
from stock_sf_loader.load.resources import Resources
from stock_sf_loader.repair import base, reload, retry
from stock_sf_loader.repair.base import Repair
from stock_warehouse import session
from stock_warehouse.config import SessionOptions
from stock_warehouse.errors import WarehouseError
from stock_warehouse.session import Warehouse

from .engine import Died, Process, Violation, process
from .kafka import Cluster, Reader
from .s3 import EPOCH, Bucket
from .sinks import crash, store
from .snowflake import Server
from .stand_ins import LOG, SILENT
from .tables import TOPIC
from .threads import CLOCK, Pool
from .world import World

LOAD_SECONDS, AUDIT_SECONDS = 12.0, 30.0
IN_FLIGHT_SECONDS = 30.0


def install() -> None:
    """Puts virtual time and clients into the modules of loader and auditor."""
    module: Any
    for module in (listing, bucket_stage):
        module.ThreadPoolExecutor = Pool
    listing.as_completed = list
    session.connect_arguments = lambda *_: {}
    cluster = lambda name: lambda *a: getattr(process().kafka, name)(*a)  # noqa: E731
    for module, names in ((kafka_stage, ("describe", "offsets")), (records_stage, ("ends",))):
        for name in names:
            setattr(module, name, cluster(name))
    KafkaReader._since = lambda self, topic, partition, time, end: process().kafka.since(
        (topic, partition), int(time.timestamp() * 1000), end
    )


class Workers:
    """Processes that run `main` over and over, and are started again when they end."""

    def __init__(self, world: World, cluster: Cluster, bucket: Bucket, server: Server) -> None:
        self.world, self.cluster, self.bucket, self.server = world, cluster, bucket, server
        self.running: dict[str, Process] = {}
        self.holders = count()
        self.loaded = 0

    def start(self, name: str, main: Callable[[], None], again: float | None = 5.0) -> None:
        """`again`: seconds after which an ended process is started again, None where it is not."""
        who = Process(self.world, name)
        who.kafka = self.cluster
        self.running[name] = who
        self.world.say(name, "starts")
        if again is not None:
            who.on_silence.append(
                lambda: who.alive or self.world.at(again, lambda: self.start(name, main, again))
            )
        who.spawn(lambda: self._guarded(who, main))

    def _guarded(self, who: Process, main: Callable[[], None]) -> None:
        try:
            main()
        except (Violation, Died):
            raise
        except FatalError as error:
            self.world.say(who.name, f"ends: {error}")
        except Exception as error:
            raise Violation(f"{who.name} crashed: {crash(error)}") from error
        if who.alive:
            who.kill()

    def session(self) -> Warehouse:
        return Warehouse(
            SILENT, "loader", SessionOptions(transactional=True), connect=self.server.connect, clock=CLOCK
        )

    def resources(self, kind: Any = Resources, *more: Any) -> Any:
        return kind(
            self.session(),
            store(self.bucket),
            "STOCK_STAGE",
            lambda: f"holder {next(self.holders)}",
            lambda: None,
            *more,
        )

    def load(self) -> None:
        """A loader's main."""
        loader = Loader(self.resources(), [TOPIC], SILENT, LOG, clock=CLOCK)
        while True:
            cycle = loader.cycle()
            self.loaded += len(cycle.entries)
            self.world.sleep(LOAD_SECONDS * (0.5 + self.world.random.random()))

    def repair(self, command: str) -> None:
        """An operator's command."""
        made: Repair = self.resources(Repair, self._wait, lambda text: self.world.say("operator", text))
        try:
            if command == "reload":
                reload.reload(made, EPOCH.date(), [TOPIC])
            else:
                retry.retry(made, [])
        except (*base.RETRYABLE, WarehouseError, *cycles.OUTCOMES) as error:
            self.world.say("operator", f"gives up: {error}")

    def _wait(self, seconds: float) -> bool:
        self.world.sleep(seconds)
        return False

    def auditor(self, limit: float) -> Auditor:
        stages = Stages(
            WarehouseReader(self.session()),
            BucketReader(store(self.bucket)),
            KafkaReader(None),
            RecordReader(None, lambda group: Reader(self.cluster)),
        )
        return Auditor(stages, [TOPIC], limit, lambda: EPOCH + timedelta(seconds=self.world.now))

    def audit(self, judged: Callable[[Any, Audited], None], look: Callable[[], Any]) -> None:
        """An auditor's main: everything at the start, then what is new, as AuditLoop does.

        judged: is given what `look` has seen before the audit, and the audit.
        """
        made, whole = self.auditor(IN_FLIGHT_SECONDS), False
        while True:
            before, known = look(), self.tails()
            try:
                audited = made.audit_new(known) if whole else made.audit_all()
                whole = True
                judged(before, audited)
            except NotCompared as error:
                self.world.say(process().name, f"cannot compare: {error}")
            self.world.sleep(AUDIT_SECONDS * (0.5 + self.world.random.random()))

    def tails(self) -> dict[Any, int]:
        """What the loader's status message says: each chain's last offset in the ledger."""
        rows = [row for row in self.server.data.ledger if row.last is not None]
        return {row.chain: row.last for row in sorted(rows, key=lambda row: row.last)}
