"""The repairs as commands: arguments, reports, exit codes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from damaged_worlds import deleted, key_of, three_days, with_corrupt_files
from world import World

from stock_sf_loader.arguments import parse
from stock_sf_loader.load.copy_into import statement
from stock_sf_loader.load.cycle import Loader
from stock_sf_loader.load.ledger import Session
from stock_sf_loader.load.refused_files import RefusedFiles
from stock_sf_loader.repair.base import POLICY
from stock_sf_loader.repair.commands import ERRORS, Progress, fault, perform
from stock_sf_loader.repair.shadow_tables import ShadowSession, shadow
from stock_warehouse.errors import LockTimeout


def command(world: World, *words: str) -> int:
    def new_loader(session: Session, topic: str, refused: RefusedFiles) -> Loader:
        metrics = Progress(topic, world.lines.append)
        return world.loader_of(session, [topic], lambda _: None, metrics, refused)

    return perform(parse(list(words)), world.repair(), new_loader)


@pytest.mark.parametrize(
    ("words", "code", "last"),
    [
        pytest.param(
            ["reload", "--day", "2026-03-02"],
            0,
            "7 objects, 28 rows loaded again; 28 rows were taken out",
            id="reload",
        ),
        pytest.param(
            ["reload", "--day", "2026-03-02", "--dry-run"],
            0,
            "7 objects, 28 rows would be loaded again",
            id="reload, dry",
        ),
        pytest.param(
            ["reload", "--day", "2020-01-01"],
            0,
            "0 objects, 0 rows loaded again; 0 rows were taken out",
            id="no such day",
        ),
        pytest.param(["rebuild"], 0, "stock-bars: replaced, it is equal", id="rebuild"),
        pytest.param(
            ["rebuild", "--topic", "stock-alerts", "--dry-run"],
            0,
            "stock-alerts: compared, it is equal",
            id="rebuild, dry",
        ),
        pytest.param(["prune", "--before", "2026-03-03"], 0, "8 objects, 28 rows pruned", id="prune"),
        pytest.param(
            ["prune", "--before", "2026-03-03", "--topic", "stock-alerts"],
            0,
            "2 objects, 3 rows pruned",
            id="prune a topic",
        ),
        pytest.param(["retry"], 1, "0 loaded, 0 left to the loader or gone, 1 not", id="retry"),
        pytest.param(
            ["retry", "raw/x"],
            1,
            "0 loaded, 0 left to the loader or gone, 1 not",
            id="retry what is not there",
        ),
    ],
)
def test_the_last_line(words: list[str], code: int, last: str) -> None:
    world = three_days().copy()
    assert (command(world, *words), world.lines[-1]) == (code, last)


def test_differences_and_faults_are_named() -> None:
    world = three_days().copy()
    deleted(world)
    assert command(world, "rebuild") == 1
    assert any("44 rows in the table, 45 rebuilt; these differ: row_count" in line for line in world.lines)
    assert any("objects, 130 rows rebuilt, up to raw/stock-data/" in line for line in world.lines)
    gone = key_of(world, 0, 0)
    del world.bucket.stored[gone]
    assert command(world, "reload", "--day", "2026-03-02") == 1
    assert (
        world.lines[-1]
        == f"fault: {gone} is in the ledger but not on S3: bring it back from the bucket's versions"
    )


def test_progress_of_a_retry() -> None:
    world = with_corrupt_files()
    assert command(world, "retry") == 1
    assert sum("stays quarantined: " in line for line in world.lines) == 3


def test_a_stop_during_a_pause_ends_the_repair(world: World) -> None:
    repair = replace(world.repair(), wait=lambda _: True)
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        raise LockTimeout("locked")

    with pytest.raises(ERRORS):
        repair.retried(work)
    assert len(tries) == 1


def test_a_repair_gives_up_after_the_last_attempt(world: World) -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        raise LockTimeout("locked")

    with pytest.raises(LockTimeout):
        world.repair().retried(work)
    assert len(tries) == POLICY.attempts
    assert world.lines == ["another try, because: locked"] * (len(tries) - 1)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], "run"),
        (["run"], "run"),
        (["once", "--json"], "once"),
        (["migrate"], "migrate"),
        (["retry", "a", "b"], "retry"),
    ],
)
def test_commands(words: list[str], expected: str) -> None:
    assert parse(words).command == expected


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["reload"], "--day"),
        (["reload", "--day", "yesterday"], "'yesterday' is not a day: write YYYY-MM-DD"),
        (["prune"], "--before"),
        (["rebuild", "--topic", "stock-dlq"], "stock-dlq"),
        (["nonsense"], "nonsense"),
    ],
)
def test_wrong_arguments(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(words)
    assert ended.value.code == 2
    assert says in capsys.readouterr().err


def test_no_day_that_is_not_over_is_pruned() -> None:
    today = date(2026, 3, 4)
    assert fault(parse(["prune", "--before", "2026-03-04"]), today) is None
    assert "later than today" in (fault(parse(["prune", "--before", "2026-03-05"]), today) or "")


def test_beside_changes_tables_and_nothing_else(world: World) -> None:
    key = f"raw/stock-data/{'a' * 32}/partition=00000/dt=2026-03-02/hour=14/o{0:020d}.parquet"
    text = shadow(statement("stock-data", "STOCK_STAGE", [key]))
    assert "COPY INTO RAW.STOCK_QUOTES_REBUILD\nFROM @RAW.STOCK_STAGE\n" in text
    assert shadow(text) == text
    assert ShadowSession(world.session(lambda _: None)).statement_seconds == 0
