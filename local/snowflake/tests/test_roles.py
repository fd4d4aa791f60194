"""What a role sees, how it is refused, what becomes of its rights, and the roles of a session.

Source: user-guide/security-access-control-overview.
"""

from __future__ import annotations

from typing import Any

from role_world import PLACES, World, refusal, world

__all__ = ["world"]


def test_a_refusal_says_whether_the_role_may_see_the_thing(world: World) -> None:
    name = f"{world.database}.PUBLIC.T"
    for text, privilege in (
        (f"Database '{world.database}' does not exist or not authorized", PLACES[0]),
        (f"Schema '{world.database}.PUBLIC' does not exist or not authorized", PLACES[1]),
        (f"Object '{name}' does not exist or not authorized", "INSERT ON TABLE T"),
    ):
        errno, answer = refusal(world, f"SELECT * FROM {name}")
        assert errno == 2003 and text in answer
        world.grant(privilege)
    errno, text = refusal(world, f"SELECT * FROM {name}")
    assert errno == 3001 and "Insufficient privileges to operate on table 'T'" in text
    errno, text = refusal(world, f"CREATE TABLE {world.database}.PUBLIC.N (A INT)")
    assert errno == 3001 and "Insufficient privileges to operate on schema 'PUBLIC'" in text


def test_what_was_granted_on_future_tables_comes_with_the_table(world: World) -> None:
    for privilege in (*PLACES, "SELECT ON FUTURE TABLES IN SCHEMA PUBLIC"):
        world.grant(privilege)
    read = f"SELECT * FROM {world.database}.PUBLIC."
    assert refusal(world, f"{read}T")[0] == 2003
    world.administrator.execute("CREATE TABLE LATER (A INT)")
    world.session.execute(f"{read}LATER")
    world.administrator.execute("CREATE OR REPLACE VIEW V AS SELECT * FROM T2")
    assert refusal(world, f"{read}V")[0] == 2003


def test_a_view_replaced_with_its_grants_keeps_them(world: World) -> None:
    for privilege in (*PLACES, "SELECT ON VIEW V"):
        world.grant(privilege)
    read = f"SELECT * FROM {world.database}.PUBLIC.V"
    world.administrator.execute("CREATE OR REPLACE VIEW V COPY GRANTS AS SELECT * FROM T2")
    world.session.execute(read)
    world.administrator.execute("CREATE OR REPLACE VIEW V AS SELECT * FROM T2")
    assert refusal(world, read)[0] == 2003


def test_rights_go_with_the_table_and_stay_with_its_role(world: World) -> None:
    for privilege in (*PLACES, "CREATE TABLE ON SCHEMA PUBLIC"):
        world.grant(privilege)
    world.session.execute(f"USE DATABASE {world.database}")
    world.session.execute("CREATE TABLE MINE (A INT)")
    world.session.execute("ALTER TABLE MINE RENAME TO STILL_MINE")
    world.session.execute("INSERT INTO STILL_MINE SELECT * FROM STILL_MINE")
    world.session.execute("DROP TABLE STILL_MINE")
    world.administrator.execute("CREATE TABLE STILL_MINE (A INT)")
    assert refusal(world, "SELECT * FROM STILL_MINE")[0] == 2003


def test_a_role_sees_what_it_has_a_right_on(world: World) -> None:
    for privilege in (*PLACES, "INSERT ON TABLE T"):
        world.grant(privilege)
    world.session.execute(f"USE DATABASE {world.database}")
    places = "WHERE TABLE_SCHEMA = 'PUBLIC'"
    assert world.session.execute(f"SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES {places}").fetchall() == [
        ("T",)
    ]
    columns = f"SELECT C.COLUMN_NAME FROM INFORMATION_SCHEMA.COLUMNS AS C {places}"
    assert world.session.execute(columns).fetchall() == [("A",)]
    views = f"SELECT TABLE_NAME FROM INFORMATION_SCHEMA.VIEWS {places}"
    assert world.session.execute(views).fetchall() == []
    assert world.session.execute("SHOW STAGES IN SCHEMA PUBLIC").fetchall() == []
    assert world.session.execute("SHOW WAREHOUSES").fetchall() == []
    world.grant("USAGE ON STAGE S")
    world.grant("USAGE ON WAREHOUSE RIGHTS_WH")
    assert [row[1] for row in world.session.execute("SHOW STAGES IN SCHEMA PUBLIC")] == ["S"]
    assert [row[0] for row in world.session.execute("SHOW WAREHOUSES")] == ["RIGHTS_WH"]
    world.revoke(PLACES[1])
    schemata = "SELECT SCHEMA_NAME FROM INFORMATION_SCHEMA.SCHEMATA WHERE SCHEMA_NAME = 'PUBLIC'"
    assert world.session.execute(schemata).fetchall() == []
    assert world.administrator.execute(schemata).fetchall() == [("PUBLIC",)]


def test_only_administrators_make_the_accounts_objects(world: World) -> None:
    for sql in (
        "CREATE ROLE NEVER",
        "CREATE USER NEVER",
        "CREATE WAREHOUSE NEVER",
        "CREATE DATABASE NEVER",
        "CREATE RESOURCE MONITOR NEVER WITH CREDIT_QUOTA = 1",
        "GRANT ROLE SYSADMIN TO ROLE PUBLIC",
        "DROP WAREHOUSE RIGHTS_WH",
    ):
        assert refusal(world, sql)[0] in (2003, 3001), sql
    world.session.execute("USE ROLE SYSADMIN")
    world.session.execute("CREATE WAREHOUSE OF_SYSADMIN")
    assert refusal(world, "CREATE ROLE NEVER")[0] == 3001
    world.session.execute("DROP WAREHOUSE OF_SYSADMIN")


def test_a_users_session_has_its_roles_and_its_warehouse(world: World, connect: Any) -> None:
    other = f"{world.role}_2"
    for sql in (
        f"CREATE ROLE {other}",
        f"CREATE USER {other} TYPE = SERVICE DEFAULT_ROLE = {world.role} DEFAULT_WAREHOUSE = RIGHTS_WH",
        f"GRANT ROLE {world.role} TO USER {other}",
        f"GRANT ROLE {other} TO USER {other}",
        f"GRANT USAGE ON DATABASE {world.database} TO ROLE {other}",
        f"GRANT USAGE ON SCHEMA PUBLIC TO ROLE {other}",
        f"GRANT SELECT ON TABLE T TO ROLE {other}",
    ):
        world.administrator.execute(sql)

    def session() -> World:
        return world._replace(session=connect(user=other).cursor())

    current, read = "SELECT CURRENT_WAREHOUSE() AS W, CURRENT_DATABASE() AS D", "SELECT * FROM PUBLIC.T"
    # The right of a secondary role counts, and the warehouse is not the role's.
    assert session().session.execute(current).fetchone() == (None, world.database)
    errno, text = refusal(session(), read)
    assert errno == 606 and "No active warehouse" in text
    world.grant("USAGE ON WAREHOUSE RIGHTS_WH")
    session().session.execute(read)
    world.administrator.execute(f"ALTER USER {other} SET DEFAULT_SECONDARY_ROLES = ()")
    primary = session()
    assert primary.session.execute(current).fetchone() == ("RIGHTS_WH", None)
    assert refusal(primary, f"SELECT * FROM {world.database}.PUBLIC.T")[0] == 2003
    primary.session.execute("USE SECONDARY ROLES ALL")
    primary.session.execute(f"SELECT * FROM {world.database}.PUBLIC.T")
    errno, text = refusal(primary, "USE ROLE SYSADMIN")
    assert errno == 3013 and "is not assigned to the executing user" in text
    primary.session.connection.close()
    for sql in (f"DROP USER {other}", f"DROP ROLE {other}"):
        world.administrator.execute(sql)
