"""The account's own objects: warehouses, roles, users, monitors, integrations, policies, and rights on them.

Names are the test's own, because the account is the server's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import servers
import snowflake.connector.errors
from rules import Case, Fails, Step, check

INTEGRATION = (
    "CREATE STORAGE INTEGRATION {} TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = TRUE"
    " STORAGE_AWS_ROLE_ARN = 'arn:aws:iam::123456789012:role/x' STORAGE_AWS_EXTERNAL_ID = 'id-1'"
    " STORAGE_ALLOWED_LOCATIONS = ('s3://allowed/raw/')"
)
CASES = [
    Case(
        "a warehouse has the properties of its page",
        "sql/create-warehouse, sql/alter-warehouse",
        [
            Step("CREATE WAREHOUSE W1 WITH WAREHOUSE_SIZE = 'X-SMALL' AUTO_SUSPEND = 60 GENERATION = '1'"),
            Step("CREATE WAREHOUSE W1", Fails(2002)),
            Step("CREATE WAREHOUSE IF NOT EXISTS W1", [("W1 already exists, statement succeeded.",)]),
            Step("CREATE WAREHOUSE W2 SPEED = 3", Fails(1006)),
            Step("CREATE WAREHOUSE W2 WAREHOUSE_SIZE = 'TINY'", Fails(1008)),
            Step("CREATE WAREHOUSE W2 GENERATION = '3'", Fails(1008)),
            Step("CREATE WAREHOUSE W2 AUTO_SUSPEND = 'soon'", Fails(1008)),
            Step("ALTER WAREHOUSE W1 SET RESOURCE_MONITOR = NOWHERE", Fails(2003)),
            Step("ALTER WAREHOUSE W2 SET AUTO_SUSPEND = 60", Fails(2003)),
            Step("ALTER WAREHOUSE W1 SUSPEND"),
            Step("USE WAREHOUSE W1"),
            Step("USE WAREHOUSE W2", Fails(2003)),
            Step("DROP WAREHOUSE W1"),
            Step("DROP WAREHOUSE W1", Fails(2003)),
            Step("DROP WAREHOUSE IF EXISTS W1"),
        ],
    ),
    Case(
        "a monitor has a quota and triggers",
        "sql/create-resource-monitor",
        [
            Step(
                "CREATE RESOURCE MONITOR M1 WITH CREDIT_QUOTA = 30 FREQUENCY = MONTHLY"
                " START_TIMESTAMP = IMMEDIATELY"
                " TRIGGERS ON 75 PERCENT DO NOTIFY ON 90 PERCENT DO SUSPEND"
                " ON 100 PERCENT DO SUSPEND_IMMEDIATE"
            ),
            Step(
                "CREATE RESOURCE MONITOR M2 WITH CREDIT_QUOTA = 3 TRIGGERS ON 90 PERCENT DO STOP", Fails(1003)
            ),
            Step("ALTER RESOURCE MONITOR M1 SET CREDIT_QUOTA = 40 NOTIFY_USERS = (ANNA, BEN)"),
            Step("ALTER RESOURCE MONITOR M1 SET QUOTA = 40", Fails(1006)),
            Step("SHOW RESOURCE MONITORS LIKE 'M1'", [("M1", "40", "0", "ACCOUNTADMIN")]),
        ],
    ),
    Case(
        "a user names a policy that exists, and has no other property",
        "sql/create-user",
        [
            Step(
                "CREATE USER U1 TYPE = SERVICE DEFAULT_ROLE = ANY_ROLE DEFAULT_NAMESPACE = A.B COMMENT = 'x'"
            ),
            Step("ALTER USER U1 SET DEFAULT_SECONDARY_ROLES = ()"),
            Step("ALTER USER U1 SET WORKLOAD_IDENTITY = (TYPE = AWS ARN = 'arn:aws:iam::1:role/x')"),
            Step("ALTER USER U1 SET NETWORK_POLICY = P1", Fails(2003)),
            Step("CREATE NETWORK POLICY P1 ALLOWED_IP_LIST = ('203.0.113.7/32')"),
            Step("ALTER NETWORK POLICY P1 SET ALLOWED_IP_LIST = ('203.0.113.8/32')"),
            Step("ALTER USER U1 SET NETWORK_POLICY = P1"),
            Step("ALTER USER U1 UNSET NETWORK_POLICY"),
            Step("ALTER USER U1 SET PASSPHRASE = 'x'", Fails(1006)),
            Step("ALTER USER U2 SET COMMENT = 'x'", Fails(2003)),
        ],
    ),
    Case(
        "a stage's integration exists and allows its address",
        "sql/create-storage-integration, sql/create-stage",
        [
            Step("CREATE STAGE S URL = 's3://allowed/raw/' STORAGE_INTEGRATION = I1", Fails(2003)),
            Step("CREATE STORAGE INTEGRATION I1 TYPE = EXTERNAL_STAGE ENABLED = TRUE", Fails(1003)),
            Step(INTEGRATION.format("I1")),
            Step("CREATE STAGE S URL = 's3://other/raw/' STORAGE_INTEGRATION = I1", Fails(1008)),
            Step("CREATE STAGE S URL = 's3://allowed/raw/' STORAGE_INTEGRATION = I1"),
            Step("ALTER STORAGE INTEGRATION I1 SET ENABLED = FALSE"),
            Step("CREATE STAGE S2 URL = 's3://allowed/raw/' STORAGE_INTEGRATION = I1", Fails(1008)),
            Step("DESC INTEGRATION NOWHERE", Fails(2003)),
        ],
    ),
    Case(
        "a grant names a privilege, an object and a role that exist",
        "sql/grant-privilege, sql/grant-role",
        [
            Step("CREATE ROLE R1"),
            Step("CREATE TABLE T (A INT)"),
            Step("GRANT NONSENSE ON TABLE T TO ROLE R1", Fails(1003)),
            Step("GRANT INSERT ON STAGE T TO ROLE R1", Fails(1003)),
            Step("GRANT SELECT ON TABLE NOWHERE TO ROLE R1", Fails(2003)),
            Step("GRANT SELECT ON TABLE T TO ROLE NOBODY", Fails(2003)),
            Step("GRANT USAGE ON SCHEMA NOWHERE TO ROLE R1", Fails(2003)),
            Step("GRANT USAGE ON DATABASE NOWHERE TO ROLE R1", Fails(2003)),
            Step("GRANT USAGE ON WAREHOUSE NOWHERE TO ROLE R1", Fails(2003)),
            Step("GRANT USAGE ON INTEGRATION NOWHERE TO ROLE R1", Fails(2003)),
            Step("GRANT SELECT ON ALL TABLES IN SCHEMA NOWHERE TO ROLE R1", Fails(2003)),
            Step("GRANT ROLE NOBODY TO ROLE R1", Fails(2003)),
            Step("GRANT ROLE R1 TO USER NOBODY", Fails(2003)),
            Step("GRANT ROLE R1 TO ROLE SYSADMIN"),
            Step("GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA PUBLIC TO ROLE R1"),
            Step("GRANT SELECT ON FUTURE VIEWS IN SCHEMA PUBLIC TO ROLE R1"),
            Step("GRANT OWNERSHIP ON SCHEMA PUBLIC TO ROLE R1 COPY CURRENT GRANTS"),
            Step("USE ROLE NOBODY", Fails(2003)),
            Step("SHOW GRANTS TO ROLE NOBODY", Fails(2003)),
        ],
    ),
]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES])
def test_account(case: Case, cursor: Any) -> None:
    check(case, cursor)


def test_grants_are_shown_until_they_are_revoked(cursor: Any, database: str) -> None:
    cursor.execute("CREATE ROLE R2")
    cursor.execute("CREATE TABLE T (A INT)")
    cursor.execute("GRANT SELECT, INSERT ON TABLE T TO ROLE R2")
    rows = cursor.execute("SHOW GRANTS TO ROLE R2").fetchall()
    name = f"{database}.PUBLIC.T"
    assert sorted(rows) == [(right, "TABLE", name, "ROLE", "R2") for right in ("INSERT", "SELECT")]
    cursor.execute("REVOKE INSERT ON TABLE T FROM ROLE R2")
    assert cursor.execute("SHOW GRANTS TO ROLE R2").fetchall() == [("SELECT", "TABLE", name, "ROLE", "R2")]
    cursor.execute("DROP ROLE R2")


def test_a_warehouse_without_a_generation_is_of_the_second(cursor: Any) -> None:
    cursor.execute("CREATE WAREHOUSE W3")
    cursor.execute("CREATE WAREHOUSE W4 WITH GENERATION = '1' ENABLE_QUERY_ACCELERATION = FALSE")
    found = {}
    for name in ("W3", "W4"):
        row = cursor.execute(f"SHOW WAREHOUSES LIKE '{name}'").fetchone()
        found |= {name: dict(zip([column.name for column in cursor.description], row, strict=True))}
    assert [found["W3"][key] for key in ("generation", "enable_query_acceleration")] == ["2", "true"]
    assert [found["W4"][key] for key in ("generation", "enable_query_acceleration")] == ["1", "false"]


def test_desc_integration_shows_what_the_roles_trust_needs(cursor: Any) -> None:
    cursor.execute(INTEGRATION.format("I2"))
    shown = {row[0]: row[2] for row in cursor.execute("DESC INTEGRATION I2").fetchall()}
    assert shown["STORAGE_AWS_EXTERNAL_ID"] == "id-1"
    assert shown["STORAGE_AWS_IAM_USER_ARN"].startswith("arn:aws:iam::")


def test_the_account_survives_a_restart(tmp_path: Path, s3_address: str, connect_to: Any) -> None:
    environ = servers.launcher_environ(tmp_path / "data", s3_address)
    first = servers.start_launcher(environ, tmp_path / "log")
    cursor = connect_to(first.port).cursor()
    cursor.execute("CREATE ROLE KEPT")
    cursor.execute("CREATE DATABASE D")
    cursor.execute("GRANT USAGE ON DATABASE D TO ROLE KEPT")
    first.stop()
    second = servers.start_launcher(environ, tmp_path / "log")
    cursor = connect_to(second.port).cursor()
    assert cursor.execute("SHOW GRANTS TO ROLE KEPT").fetchall() == [
        ("USAGE", "DATABASE", "D", "ROLE", "KEPT")
    ]
    second.stop()


def test_a_user_signs_in_with_a_role_that_it_holds(cursor: Any, connect: Any) -> None:
    for statement in (
        "CREATE ROLE LOWER_ROLE",
        "CREATE ROLE UPPER_ROLE",
        "GRANT ROLE LOWER_ROLE TO ROLE UPPER_ROLE",
        "CREATE USER SERVICE_1 TYPE = SERVICE DEFAULT_ROLE = UPPER_ROLE",
        "GRANT ROLE UPPER_ROLE TO USER SERVICE_1",
    ):
        cursor.execute(statement)
    for given, role in (({}, "UPPER_ROLE"), ({"role": "LOWER_ROLE"}, "LOWER_ROLE")):
        session = connect(user="SERVICE_1", **given).cursor()
        assert session.execute("SELECT CURRENT_ROLE() AS R").fetchone() == (role,)
    for user, role, errno in (("SERVICE_1", "ACCOUNTADMIN", 390186), ("LOADER", "NOBODY", 390189)):
        with pytest.raises(snowflake.connector.errors.DatabaseError) as caught:
            connect(user=user, role=role)
        assert caught.value.errno == errno, caught.value
    cursor.execute("REVOKE ROLE UPPER_ROLE FROM USER SERVICE_1")
    with pytest.raises(snowflake.connector.errors.DatabaseError):
        connect(user="SERVICE_1")
