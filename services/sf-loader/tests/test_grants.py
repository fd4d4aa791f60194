"""`setup` grants and `verify` tries the rights that the loader's statements need, and on tables no others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlglot
from sql_texts import LOADERS, REPAIRS, statements
from sqlglot import exp

from stock_common.ledger import TABLES
from stock_sf_loader.account.grants import LOADER_RIGHTS, Grant, Roles, Warehouses, grants
from stock_sf_loader.load.ledger import READ_TAILS
from stock_sf_loader.repair.shadow_tables import SUFFIX, shadow

ROLES = Roles()
GRANTS = grants("STOCKS", Warehouses("WH", "READ_WH"), "INT", "MONITOR", ROLES)
STATEMENTS = [*LOADERS, *REPAIRS, *map(shadow, LOADERS)]


def needs(sql: str) -> Iterator[tuple[str, str]]:
    """(privilege, table or schema) that the statement needs.

    Source: Snowflake, "Access control privileges", tables and schemas.
    """
    parsed = sqlglot.parse_one(sql, dialect="snowflake")
    tables = [
        f"{table.db}.{table.name}".upper()
        for table in parsed.find_all(exp.Table)
        if table.db.upper() == "RAW"
    ]
    if isinstance(parsed, exp.Create):
        yield "CREATE TABLE", "RAW"
        yield "SELECT", tables[1]
        return
    if isinstance(parsed, exp.Drop):
        yield "OWNERSHIP", tables[0]
        return
    kinds = {
        exp.Insert: ("INSERT",),
        exp.Update: ("UPDATE",),
        exp.Delete: ("DELETE",),
        exp.Merge: ("INSERT", "UPDATE"),
    }
    for kind, rights in kinds.items():
        if isinstance(parsed, kind):
            yield from ((right, tables[0]) for right in rights)
            yield from (("SELECT", table) for table in tables)
            return
    assert isinstance(parsed, exp.Query), sql
    yield from (("SELECT", table) for table in tables)


def held(role: str) -> set[tuple[str, str]]:
    """(privilege, object) of the role's own grants."""
    return {(right, grant.on) for grant in GRANTS if grant.role == role for right in grant.privileges}


def test_the_loader_may_do_what_its_commands_do() -> None:
    mine = held(ROLES.loader)
    for sql in STATEMENTS:
        for right, on in needs(sql):
            if on.endswith(SUFFIX):
                # Whoever makes a table owns it.
                assert ("CREATE TABLE", "SCHEMA STOCKS.RAW") in mine
            elif right == "CREATE TABLE":
                assert (right, "SCHEMA STOCKS.RAW") in mine
            else:
                assert {
                    (right, "ALL TABLES IN SCHEMA STOCKS.RAW"),
                    (right, "FUTURE TABLES IN SCHEMA STOCKS.RAW"),
                } <= mine, sql
    for kind in ("ALL", "FUTURE"):
        assert ("USAGE", f"{kind} STAGES IN SCHEMA STOCKS.RAW") in mine
    assert {("USAGE", on) for on in ("INTEGRATION INT", "WAREHOUSE WH", "SCHEMA STOCKS.RAW")} <= mine
    assert ("USAGE", "DATABASE STOCKS") in held(ROLES.reader)


def test_verify_tries_exactly_the_rights_that_are_needed() -> None:
    needed = {
        (right, on)
        for sql in STATEMENTS
        for right, on in needs(sql)
        if not on.endswith(SUFFIX) and right != "CREATE TABLE"
    }
    # COPY is made by a function of its own.
    needed |= {("INSERT", table.name) for table in TABLES.values()}
    assert needed == {(right, table) for table, rights in LOADER_RIGHTS.items() for right in rights}


def test_the_owner_may_run_the_migrations() -> None:
    mine = held(ROLES.owner) | held(ROLES.loader)
    for sql in statements():
        if sql.startswith("CREATE SCHEMA"):
            assert ("CREATE SCHEMA", "DATABASE STOCKS") in mine
        else:
            # Owning the schema is enough for these.
            changes = ("CREATE TABLE", "ALTER TABLE", "CREATE STAGE", "CREATE OR REPLACE VIEW", "MERGE")
            assert sql.startswith(changes)
    assert ("USAGE", "INTEGRATION INT") in mine and ("USAGE", "WAREHOUSE WH") in mine


@pytest.mark.parametrize(("role", "schema"), [(ROLES.auditor, "RAW"), (ROLES.reader, "ANALYTICS")])
def test_readers_read_their_schema_and_nothing_else(role: str, schema: str) -> None:
    warehouse = "READ_WH" if role == ROLES.reader else "WH"
    for right, on in held(role):
        assert right in ("USAGE", "SELECT")
        assert on in (f"WAREHOUSE {warehouse}", "DATABASE STOCKS", f"SCHEMA STOCKS.{schema}") or on.endswith(
            f"IN SCHEMA STOCKS.{schema}"
        )


def test_a_missing_right_would_be_found() -> None:
    """The model of rights itself: it sees what a statement takes."""
    assert set(needs(READ_TAILS)) == {("SELECT", "RAW.LOADED_FILES")}
    assert (
        str(Grant(("SELECT", "INSERT"), "TABLE A.B", "R")) == "GRANT SELECT, INSERT ON TABLE A.B TO ROLE R;"
    )
