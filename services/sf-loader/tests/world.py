"""A bucket, a Snowflake and loaders in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import count, pairwise
from typing import Any

import fake_rebuild  # noqa: F401
from fake_bucket import Bucket, Hook, no_hook
from fake_server import Snowflake
from prometheus_client import CollectorRegistry

from stock_common import logs
from stock_common.ledger import TABLES
from stock_common.topics import ALERTS, BARS, QUOTES
from stock_objects.chain import Chain
from stock_sf_loader.load.cycle import Cycle, Loader
from stock_sf_loader.load.ledger import Session
from stock_sf_loader.load.refused_files import RefusedFiles
from stock_sf_loader.load.resources import Resources
from stock_sf_loader.metrics import Metrics
from stock_sf_loader.repair.base import Repair
from stock_warehouse.config import SessionOptions, WarehouseSettings
from stock_warehouse.session import Warehouse

ID, OTHER_ID = "a" * 32, "b" * 32


SETTINGS = WarehouseSettings.model_construct(
    snowflake_account="a",
    snowflake_user="u",
    snowflake_private_key_file="k",
    snowflake_private_key_password=None,
    snowflake_role=None,
    snowflake_warehouse=None,
    snowflake_database="STOCKS",
    snowflake_host=None,
    snowflake_port=443,
    snowflake_protocol="https",
)


HOLDERS = count()


class World:
    """A bucket, a Snowflake, and as many loaders as a test wants."""

    def __init__(self) -> None:
        self.bucket = Bucket()
        self.snowflake = Snowflake(self.bucket)
        self.quotes = [Chain(QUOTES.name, ID, number) for number in range(3)]
        self.alerts = Chain(ALERTS.name, ID, 0)
        self.registry = CollectorRegistry()
        self.lines: list[str] = []

    def copy(self) -> World:
        """Another one with the same objects, rows and ledger, and nobody at work."""
        world = World()
        world.bucket.stored.update(self.bucket.stored)
        world.bucket.puts = self.bucket.puts
        world.snowflake.data = self.snowflake.data.copied()
        world.snowflake.clock = self.snowflake.clock
        return world

    def loader(self, hook: Hook = no_hook, clock: Callable[[], float] = lambda: 0.0) -> Loader:
        """A loader as after a start of the process.

        `hook` is called around each of its statements, and between them as "go on".
        """
        self.registry = CollectorRegistry()
        topics = (QUOTES.name, ALERTS.name, BARS.name)
        return self.loader_of(self.session(hook), topics, hook, Metrics(self.registry), clock=clock)

    def session(self, hook: Hook) -> Warehouse:
        return Warehouse(
            SETTINGS,
            "sf-loader",
            SessionOptions(transactional=True),
            connect=self.snowflake.connector(hook),
            clock=lambda: 0.0,
        )

    def new_metrics(self) -> Metrics:
        self.registry = CollectorRegistry()
        return Metrics(self.registry)

    def loader_of(
        self,
        session: Session,
        topics: Sequence[str],
        hook: Hook,
        metrics: Metrics,
        refused: RefusedFiles | None = None,
        clock: Callable[[], float] = lambda: 0.0,
    ) -> Loader:
        resources = Resources(
            session,
            self.bucket,
            "STOCK_STAGE",
            new_holder=lambda: f"holder{next(HOLDERS)}",
            go_on=lambda: hook("go on"),
        )
        return Loader(resources, topics, metrics, logs.logger("test"), refused, clock)

    def repair(self, hook: Hook = no_hook) -> Repair:
        """A repair's resources as after a start of the process. It reports to `lines`."""
        return Repair(
            self.session(hook),
            self.bucket,
            "STOCK_STAGE",
            lambda: f"holder{next(HOLDERS)}",
            lambda: hook("go on"),
            lambda _: False,
            self.lines.append,
        )

    def metric(self, name: str, **labels: str) -> float:
        value = self.registry.get_sample_value(f"stock_sf_loader_{name}", labels)
        assert value is not None, name
        return value

    def ledger(self, chain: Chain) -> list[tuple[Any, ...]]:
        """(first, last, status) of the chain's rows with a place, in order."""
        rows = [
            row for row in self.snowflake.data.ledger if row["chain"] == chain and row["last"] is not None
        ]
        return sorted((row["first"], row["last"], row["status"]) for row in rows)

    def strays(self) -> dict[str, str]:
        return {row["key"]: row["reason"] for row in self.snowflake.data.ledger if row["last"] is None}

    def pruned(self) -> dict[str, str]:
        return {row["key"]: row["status"] for row in self.snowflake.data.ledger if row["status"] == "pruned"}

    def offsets(self, chain: Chain) -> list[int]:
        table = self.snowflake.data.rows[TABLES[chain.topic].name.removeprefix("RAW.")]
        return sorted(offset for key, offset in table if key.startswith(chain.prefix))

    def check_ranges(self) -> None:
        """The ledger has no gap, no overlap, no key twice, and tells the tables: row by row of offsets."""
        data = self.snowflake.data
        for chain in (*self.quotes, self.alerts):
            assert all(before[1] + 1 == after[0] for before, after in pairwise(self.ledger(chain)))
        ledgered = sorted(
            (row["key"], row["rows"]) for row in data.ledger if row["status"] == "loaded" and row["rows"]
        )
        assert ledgered == sorted(Counter(key for rows in data.rows.values() for key, _ in rows).items())
        assert all(count == 1 for rows in data.rows.values() for count in Counter(rows).values())

    def check(self, *chains: Chain) -> None:
        """Every sound object is loaded once. The ledger agrees, without gap, overlap or a key twice."""
        for chain in chains or (*self.quotes, self.alerts):
            sound = [
                stored
                for key, stored in self.bucket.stored.items()
                if key.startswith(chain.prefix)
                and not stored.corrupt
                and key not in self.strays() | self.pruned()
            ]
            assert self.offsets(chain) == sorted(offset for stored in sound for offset in stored.offsets)
            rows = self.ledger(chain)
            assert all(before[1] + 1 == after[0] for before, after in pairwise(rows))
        data = self.snowflake.data
        assert max(Counter(row["key"] for row in data.ledger).values(), default=0) <= 1
        assert sum(row["rows"] for row in data.ledger if row["status"] == "loaded") == sum(
            map(len, data.rows.values())
        )


def drain(loader: Loader, cycles: int = 12) -> Cycle:
    """Cycles until nothing is new and nothing failed."""
    cycle = loader.cycle()
    while cycle.outcome != "idle" and cycles:
        cycle, cycles = loader.cycle(), cycles - 1
    assert cycle.outcome == "idle", cycle.fault
    return cycle


def fill(world: World) -> None:
    """Links of every kind: across hours, in two topics, one without rows, one lost."""
    for number, chain in enumerate(world.quotes):
        world.bucket.link(chain, 10 * number, 10 * number + 4)
        world.bucket.link(chain, 10 * number + 5, 10 * number + 6, rejected=2)
        world.bucket.link(chain, 10 * number + 7, 10 * number + 20, hour=1, lost=3)
    world.bucket.link(world.alerts, 0, 2)
