"""Each right that `stock-sf-loader setup` gives is needed, and none is missing.

The local Snowflake enforces them (local/snowflake/README.md). Each is taken away, and one of the pipeline's
own statements is refused, or `verify` no longer sees what it looks at.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from importlib.resources import files
from typing import Any

import local_snowflake
import pytest
from local_snowflake import Account

from stock_common.ledger import TABLES
from stock_common.run import FatalError
from stock_sf_loader.account.grants import Roles, Warehouses, grants
from stock_sf_loader.account.verify import OK, Verifier
from stock_sf_loader.app import WRITING
from stock_sf_loader.repair import rebuild_sql
from stock_sf_loader.selftest.steps import SelfTest
from stock_warehouse.errors import StatementError
from stock_warehouse.session import Warehouse

ROLES = Roles()
GIVEN = [
    (privilege, grant.on, grant.role)
    for grant in grants("STOCKS", Warehouses(), "STOCK_S3", "STOCK_MONITOR", ROLES)
    for privilege in grant.privileges
]
LATER = "FUTURE"
HELD = [
    ("ROLE STOCK_OWNER", "USER STOCK_LOADER"),
    ("ROLE STOCK_AUDITOR", "USER STOCK_AUDITOR"),
    ("ROLE STOCK_READER", "USER STOCK_DASHBOARD"),
    ("ROLE STOCK_READER", "ROLE STOCK_LOADER"),
    ("ROLE STOCK_LOADER", "ROLE STOCK_OWNER"),
]
ADVISED = "Snowflake advises it: by it an administrator has the pipeline's rights"
NOT_SHOWN = {
    ("ROLE STOCK_AUDITOR", "ROLE STOCK_OWNER"): ADVISED,
    ("ROLE STOCK_OWNER", "ROLE SYSADMIN"): ADVISED,
    # It could be taken through the owner's role too.
    ("ROLE STOCK_LOADER", "USER STOCK_LOADER"): "a user's DEFAULT_ROLE should be granted to the user itself",
}
"""Grants that no statement needs here → why they are made."""
QUESTIONS = json.loads((files("stock_sf_loader") / "selftest/questions.json").read_text())
SMALL_QUOTA = "its monitor allows 5 credits a month"


def faults(account: Account, first: str = "") -> Iterator[str]:
    """What does not work, lazily. Each service asks with its own user, the one of `first` before others."""
    for role in sorted(WORKS, key=lambda role: role not in first):
        try:
            yield from WORKS[role](account)
        except (FatalError, StatementError) as error:
            yield str(error)


def _owner(account: Account) -> Iterator[str]:
    """The migrations, again, and a schema as the selftest makes them."""
    account.migrate()
    with closing(account.session("STOCK_LOADER", ROLES.owner)) as session:
        session.execute("CREATE SCHEMA SELFTEST_RAW")
        session.execute("DROP SCHEMA SELFTEST_RAW")
    yield from ()


def _loader(account: Account) -> Iterator[str]:
    """All that `verify` tries, COPY among it, and a rebuild's tables."""
    with closing(account.session("STOCK_LOADER")) as session:
        found = lambda: ("stock-data", local_snowflake.KEY)  # noqa: E731
        checks = list(
            Verifier(session, local_snowflake.settings(account.port, "STOCK_LOADER"), found).checks()
        )
        yield from (
            f"{check.what}: {check.reason}"
            for check in checks
            if check.state != OK and SMALL_QUOTA not in check.reason
        )
        if not any(SMALL_QUOTA in check.reason for check in checks):
            yield "the quota of the monitor is not seen"
        for topic in TABLES:
            session.execute(rebuild_sql.make_table(topic))
            session.execute(rebuild_sql.drop_table(topic))


def _reads(service: str, user: str) -> Any:
    """The service's questions. The selftest has all of them."""

    def work(account: Account) -> Iterator[str]:
        with closing(account.session(user)) as session:
            for question in QUESTIONS:
                if question["of"].startswith(service):
                    session.query(question["sql"], [_bound(value) for value in question["binds"]])
        yield from ()

    return work


def _bound(value: Any) -> Any:
    return date.fromisoformat(value["date"]) if isinstance(value, dict) else value


WORKS: dict[str, Callable[[Account], Iterator[str]]] = {
    ROLES.loader: _loader,
    ROLES.auditor: _reads("auditor", "STOCK_AUDITOR"),
    ROLES.reader: _reads("dashboard", "STOCK_DASHBOARD"),
    ROLES.owner: _owner,
}


def test_nothing_is_missing(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(faults(account)) == []
    monkeypatch.setattr("stock_sf_loader.selftest.steps.LOCK_SECONDS", 1)
    owner = local_snowflake.settings(account.port, "STOCK_LOADER", ROLES.owner)
    lines = list(SelfTest(lambda: Warehouse(owner, "test", WRITING), owner, NoBucket()).lines())
    assert [line for line in lines if line.state not in ("ok", "not tried")] == []


class NoBucket:
    """The selftest's objects are tried by the integration suite."""

    def put_new(self, key: str, body: bytes, metadata: object) -> str:
        raise FatalError("no bucket")

    def remove(self, key: str) -> None: ...


@pytest.mark.parametrize(
    ("privilege", "on", "role"), [pytest.param(*each, id=" ".join(each)) for each in GIVEN]
)
def test_each_privilege_is_needed(privilege: str, on: str, role: str, account: Account) -> None:
    what = f"{privilege} ON {on}"
    if LATER in on:
        # Its use is for what is made later.
        account.administer(*_empty_schemas((privilege, on, role)))
        account.migrate()
    else:
        account.administer(f"REVOKE {what} FROM ROLE {role}")
    try:
        assert next(faults(account, role), None)
    finally:
        for where in {on, on.replace(LATER, "ALL")}:
            account.administer(f"GRANT {privilege} ON {where} TO ROLE {role}")


def _empty_schemas(but: tuple[str, str, str]) -> list[str]:
    """Both schemas again, empty, with every right but one."""
    made = [
        sql
        for name in ("RAW", "ANALYTICS")
        for sql in (
            f"DROP SCHEMA STOCKS.{name}",
            f"CREATE SCHEMA STOCKS.{name}",
            f"GRANT OWNERSHIP ON SCHEMA STOCKS.{name} TO ROLE STOCK_OWNER",
        )
    ]
    rights = [each for each in GIVEN if "SCHEMA" in each[1] and each != but]
    return made + [f"GRANT {privilege} ON {on} TO ROLE {role}" for privilege, on, role in rights]


@pytest.mark.parametrize(("role", "holder"), HELD)
def test_each_role_is_needed_by_its_holder(role: str, holder: str, account: Account) -> None:
    account.administer(f"REVOKE {role} FROM {holder}")
    try:
        assert next(faults(account, holder), None)
    finally:
        account.administer(f"GRANT {role} TO {holder}")


@pytest.mark.parametrize("name", ["RAW", "ANALYTICS"])
def test_the_owner_owns_its_schemas(name: str, account: Account) -> None:
    account.administer(f"GRANT OWNERSHIP ON SCHEMA STOCKS.{name} TO ROLE SYSADMIN COPY CURRENT GRANTS")
    try:
        assert next(faults(account, ROLES.owner), None)
    finally:
        account.administer(f"GRANT OWNERSHIP ON SCHEMA STOCKS.{name} TO ROLE STOCK_OWNER COPY CURRENT GRANTS")


def test_whoever_has_them_all_again_lacks_nothing(account: Account) -> None:
    """The last of the file: what each test took away it has given back."""
    assert list(faults(account)) == []


def test_only_these_are_needed_by_no_statement(account: Account) -> None:
    for role, holder in NOT_SHOWN:
        account.administer(f"REVOKE {role} FROM {holder}")
    assert list(faults(account)) == []
    for role, holder in NOT_SHOWN:
        account.administer(f"GRANT {role} TO {holder}")


def test_every_role_of_the_setup_is_looked_at() -> None:
    made = [sql for sql in local_snowflake.setup_statements() if sql.startswith("GRANT ROLE")]
    assert {sql.removeprefix("GRANT ") for sql in made} == {
        f"{role} TO {holder}" for role, holder in (*HELD, *NOT_SHOWN)
    }
