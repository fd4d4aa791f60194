"""A run that is killed between any two of its side effects, and runs at once: each day is there once.

On a real S3 server and a real catalog. A kill is an error that nothing in the lake catches.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from chains import NEXT, OPEN, Chains, quote
from sqlalchemy.exc import SQLAlchemyError

from stock_lake import days, iceberg, query
from stock_lake.config import LakeSettings
from stock_lake.iceberg import NotCommitted, Tables
from stock_lake.lake import Lake
from stock_lake.tables import QUOTES
from stock_objects.store import ObjectStore

TOMORROW = OPEN + timedelta(days=1)
EFFECTS = 6
"""Of two days: a file, a manifest and a commit each."""


class Killed(BaseException):
    pass


class Counter:
    """Raises Killed before the effect number `at`, or after it."""

    def __init__(self, at: int, after: bool) -> None:
        self.at = at
        self.after = after
        self.done = 0

    def effect(self, act: Any, *arguments: Any) -> Any:
        if self.done == self.at and not self.after:
            raise Killed
        result = act(*arguments)
        self.done += 1
        if self.done - 1 == self.at:
            raise Killed
        return result


class MortalStore(ObjectStore):
    counter: Counter

    def put_new(self, *arguments: Any) -> str:
        return self.counter.effect(super().put_new, *arguments)


class MortalTables(Tables):
    counter: Counter

    def _replace(self, *arguments: Any) -> None:
        self.counter.effect(super()._replace, *arguments)


@pytest.fixture
def chains(real: ObjectStore) -> Chains:
    made = Chains(real)
    made.link([quote(0), quote(1), quote(1)])
    made.link([quote(2, "MSFT")], partition=1)
    made.link([quote(0, at=TOMORROW)], at=TOMORROW)
    return made


def catalog(settings: LakeSettings) -> Any:
    return iceberg.catalog(
        settings.catalog_uri, settings.s3_bucket, settings.s3_endpoint_url, settings.aws_region
    )


def whole_run(settings: LakeSettings, real: ObjectStore) -> None:
    with closing(catalog(settings)) as own:
        lake = Lake(real, Tables(own, settings.s3_bucket), Path(settings.state_dir), lambda: True)
        list(lake.run(QUOTES, NEXT))


def places(rows: Any) -> list[tuple[int, int]]:
    return sorted(zip(rows["kafka_partition"].to_pylist(), rows["kafka_offset"].to_pylist(), strict=True))


def check(settings: LakeSettings, real: ObjectStore, expected: list[tuple[int, int]]) -> None:
    """The table, the views and the plan agree that each row is there once."""
    with closing(catalog(settings)) as own:
        assert places(own.load_table("stocks.quotes").scan().to_arrow()) == expected
    with query.connect(settings) as connection:
        assert places(connection.sql("SELECT * FROM RAW.STOCK_QUOTES").to_arrow_table()) == expected
    assert days.plan(real, QUOTES, NEXT).days == []


@pytest.fixture(params=[(at, after) for at in range(EFFECTS) for after in (False, True)], ids=str)
def counter(request: pytest.FixtureRequest) -> Iterator[Counter]:
    yield Counter(*request.param)


@pytest.mark.usefixtures("chains")
def test_killed_between_any_two_effects(settings: LakeSettings, real: ObjectStore, counter: Counter) -> None:
    store = MortalStore(settings)
    with closing(catalog(settings)) as own:
        tables = MortalTables(own, settings.s3_bucket)
        store.counter = tables.counter = counter
        lake = Lake(store, tables, Path(settings.state_dir), lambda: True)
        with pytest.raises(Killed):
            list(lake.run(QUOTES, NEXT))
    whole_run(settings, real)
    check(settings, real, [(0, 0), (0, 1), (0, 3), (1, 0)])


def test_several_runs_at_once_while_a_day_grows(
    settings: LakeSettings, real: ObjectStore, chains: Chains
) -> None:
    def run() -> None:
        with suppress(NotCommitted, SQLAlchemyError):
            whole_run(settings, real)

    threads = [Thread(target=run) for _ in range(3)]
    for number, thread in enumerate(threads):
        thread.start()
        chains.link([quote(30 + number, "IBM")], partition=2)
    for thread in threads:
        thread.join(90)
        assert not thread.is_alive()
    whole_run(settings, real)
    check(settings, real, [(0, 0), (0, 1), (0, 3), (1, 0), (2, 0), (2, 1), (2, 2)])
