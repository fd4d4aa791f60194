"""A role without rights, a session in it, and things of a database that it may be given rights on."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import snowflake.connector.errors

_numbers = itertools.count(1)
PLACES = ("USAGE ON DATABASE {database}", "USAGE ON SCHEMA {database}.PUBLIC")
"""What a role needs besides, for anything in the schema."""


class World(NamedTuple):
    """administrator: the test's cursor. role: a new one without rights. session: one in that role."""

    administrator: Any
    role: str
    session: Any
    database: str

    def grant(self, privilege: str) -> None:
        self.administrator.execute(f"GRANT {self._full(privilege)} TO ROLE {self.role}")

    def revoke(self, privilege: str) -> None:
        what = self._full(privilege)
        if what.startswith("OWNERSHIP"):
            self.administrator.execute(f"GRANT {what} TO ROLE ACCOUNTADMIN")
        else:
            self.administrator.execute(f"REVOKE {what} FROM ROLE {self.role}")

    def _full(self, privilege: str) -> str:
        return privilege.format(database=self.database)


@pytest.fixture
def world(cursor: Any, connect: Any, database: str, bucket: str) -> Iterator[World]:
    role = f"RIGHTS_{next(_numbers)}"
    for sql in (
        "CREATE TABLE T (A INT)",
        "CREATE TABLE T2 (A INT)",
        "CREATE VIEW V AS SELECT * FROM T",
        "CREATE WAREHOUSE IF NOT EXISTS RIGHTS_WH",
        "CREATE STORAGE INTEGRATION IF NOT EXISTS RIGHTS_INT TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3'"
        " ENABLED = TRUE STORAGE_AWS_ROLE_ARN = 'arn:aws:iam::123456789012:role/x'"
        f" STORAGE_ALLOWED_LOCATIONS = ('s3://{bucket}/')",
        f"CREATE STAGE S URL = 's3://{bucket}/nothing/' STORAGE_INTEGRATION = RIGHTS_INT",
        "CREATE FILE FORMAT F TYPE = PARQUET",
        f"CREATE ROLE {role}",
    ):
        cursor.execute(sql)
    session = connect(role=role, schema="PUBLIC").cursor()
    yield World(cursor, role, session, database)
    session.connection.close()
    cursor.execute(f"DROP ROLE {role}")


def refusal(world: World, sql: str) -> tuple[int, str]:
    with pytest.raises(snowflake.connector.errors.ProgrammingError) as caught:
        world.session.execute(sql)
    assert caught.value.errno is not None
    return caught.value.errno, str(caught.value)
