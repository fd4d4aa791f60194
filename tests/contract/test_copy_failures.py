"""The loader against a COPY that fails for one file, in each form that a failure may have.

The loader is the real one, with the local Snowflake and an S3 server. It must set the file aside, load all
others once, and end: whether the failure names the file or not, and whatever its number is.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import local_snowflake
import pytest
import structlog
from local_snowflake import Account
from prometheus_client import CollectorRegistry

from stock_common.health import Health
from stock_common.keys import ObjectKey
from stock_common.links import Link
from stock_common.run import Stop
from stock_common.service import Context
from stock_objects.chain import Chain
from stock_sf_loader.app import build
from stock_sf_loader.load.cycle import Cycle, Loader
from stock_sf_loader.load.refused_files import TRIES

HOUR = datetime(2026, 3, 2, 14, tzinfo=UTC)
ROWS = 3
"""Of good.parquet."""
GOOD = (files("stock_sf_loader") / "selftest/good.parquet").read_bytes()
CUT = GOOD[: len(GOOD) // 2]
DAMAGED, SOUND = (Chain("stock-data", topic_id * 32, 0) for topic_id in "ab")


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with local_snowflake.object_store(tmp_path_factory.mktemp("s3")) as port:
        yield port


@pytest.fixture(scope="module")
def made(s3: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data of a local Snowflake that has ended: the account, with the loader's tables."""
    place = tmp_path_factory.mktemp("made")
    with local_snowflake.warehouse(place, s3) as account:
        account.administer(*local_snowflake.setup_statements())
        account.migrate()
    return place


@pytest.fixture
def account(form: str, s3: int, made: Path, tmp_path: Path) -> Iterator[Account]:
    """An account of the test's own, whose COPY fails in this form, and an empty bucket."""
    shutil.copytree(made / local_snowflake.DATA, tmp_path / local_snowflake.DATA)
    with local_snowflake.warehouse(tmp_path, s3, COPY_ERRORS=form) as account:
        yield account
    local_snowflake.empty(s3)


@contextmanager
def loader(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loader]:
    settings = local_snowflake.settings(account.port, "STOCK_LOADER")
    for name, value in (local_snowflake.AWS | {"S3_ENDPOINT_URL": account.s3_url}).items():
        monkeypatch.setenv(name, value)
    settings = local_snowflake.settings(account.port, "STOCK_LOADER")
    made, warehouse = build(Context(settings, structlog.get_logger(), Stop(), CollectorRegistry(), Health()))
    with closing(warehouse):
        yield made


def link(account: Account, chain: Chain, place: int, body: bytes = GOOD) -> str:
    """Puts the chain's object number `place`."""
    first = place * ROWS
    key = ObjectKey(*chain, HOUR, first)
    metadata = Link(key, first + ROWS - 1, ROWS, 0, 0, 0, "stock-quote/1", 1).metadata()
    local_snowflake.put(account.s3, body, str(key), metadata)
    return str(key)


@pytest.mark.parametrize("form", ["named", "bare", "unknown"])
def test_a_file_that_cannot_be_loaded_costs_only_itself(
    form: str, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = {link(account, DAMAGED, place): ROWS for place in (0, 2)}
    bad = link(account, DAMAGED, 1, CUT)
    with loader(account, monkeypatch) as made:
        seen: list[Cycle] = []
        for place in range(TRIES + 2):
            expected[link(account, SOUND, place)] = ROWS
            seen.append(made.load_all())
        last = made.load_all()
    assert bad in (seen[0].fault or ""), "a person reads which file it is"
    assert last.outcome == "idle" and last.transactions == 0, last
    # Each cycle tries the file a few times, by halves, and ends.
    assert sum(cycle.transactions for cycle in seen) <= len(expected)
    with closing(account.session("STOCK_LOADER")) as session:
        table = "SELECT SOURCE_FILE AS F, COUNT(*) AS N FROM RAW.STOCK_QUOTES GROUP BY 1"
        assert {row["f"]: row["n"] for row in session.query(table)} == expected
        rows = session.query("SELECT OBJECT_KEY AS F, STATUS AS S, REASON AS R FROM RAW.LOADED_FILES")
    status = {row["f"]: row["s"] for row in rows}
    assert status == dict.fromkeys(expected, "loaded") | {bad: "quarantined"}
    (reason,) = (row["r"] for row in rows if row["f"] == bad)
    assert ("399999" if form == "unknown" else "100152") in reason
