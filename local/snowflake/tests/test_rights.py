"""Roles and what they may do. Each privilege of a case is needed: without it the statement is refused.

Source: user-guide/security-access-control-privileges, and the page of each statement.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest
from role_world import PLACES, World, refusal, world

MERGE = (
    "MERGE INTO T USING T2 ON T.A = T2.A WHEN MATCHED THEN UPDATE SET A = 2"
    " WHEN NOT MATCHED THEN INSERT (A) VALUES (T2.A)"
)
COPY = "COPY INTO T FROM @S FILE_FORMAT = (FORMAT_NAME = F) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE"
STAGE = "CREATE STAGE N URL = 's3://landing/n/' STORAGE_INTEGRATION = RIGHTS_INT"
READ_T, READ_T2 = "SELECT ON TABLE T", "SELECT ON TABLE T2"


DATABASE = PLACES[0]
__all__ = ["world"]


class Case(NamedTuple):
    sql: str
    privileges: tuple[str, ...]
    places: tuple[str, ...] = PLACES


CASES = [
    Case("SELECT * FROM T", (READ_T,)),
    Case("SELECT * FROM V", ("SELECT ON VIEW V",)),
    Case("WITH A AS (SELECT * FROM T) SELECT * FROM A, T2", (READ_T, READ_T2)),
    Case("SELECT (SELECT MAX(A) FROM T) AS B", (READ_T,)),
    Case("INSERT INTO T VALUES (1)", ("INSERT ON TABLE T",)),
    Case("INSERT INTO T SELECT * FROM T2", ("INSERT ON TABLE T", READ_T2)),
    Case("INSERT INTO T SELECT * FROM T", ("INSERT ON TABLE T", READ_T)),
    Case("INSERT OVERWRITE INTO T VALUES (1)", ("INSERT ON TABLE T", "DELETE ON TABLE T")),
    Case("UPDATE T SET A = 1 WHERE A = 2", ("UPDATE ON TABLE T", READ_T)),
    Case("DELETE FROM T WHERE A IN (SELECT A FROM T2)", ("DELETE ON TABLE T", READ_T, READ_T2)),
    Case(MERGE, ("INSERT ON TABLE T", "UPDATE ON TABLE T", READ_T, READ_T2)),
    Case("TRUNCATE TABLE T", ("TRUNCATE ON TABLE T",)),
    Case("CREATE TABLE N (A INT)", ("CREATE TABLE ON SCHEMA PUBLIC",)),
    Case("CREATE TABLE N LIKE T", ("CREATE TABLE ON SCHEMA PUBLIC", READ_T)),
    Case("CREATE TABLE N AS SELECT * FROM T", ("CREATE TABLE ON SCHEMA PUBLIC", READ_T)),
    Case("CREATE VIEW N AS SELECT * FROM T", ("CREATE VIEW ON SCHEMA PUBLIC", READ_T)),
    Case(
        "CREATE OR REPLACE VIEW V COPY GRANTS AS SELECT * FROM T",
        ("CREATE VIEW ON SCHEMA PUBLIC", "OWNERSHIP ON VIEW V", READ_T),
    ),
    Case(STAGE, ("CREATE STAGE ON SCHEMA PUBLIC", "USAGE ON INTEGRATION RIGHTS_INT")),
    Case("CREATE FILE FORMAT N TYPE = PARQUET", ("CREATE FILE FORMAT ON SCHEMA PUBLIC",)),
    Case("CREATE SCHEMA N", ("CREATE SCHEMA ON DATABASE {database}",), ()),
    Case("DROP TABLE T", ("OWNERSHIP ON TABLE T",)),
    Case("DROP SCHEMA PUBLIC", ("OWNERSHIP ON SCHEMA PUBLIC",), (DATABASE,)),
    Case("ALTER TABLE T ADD COLUMN B INT", ("OWNERSHIP ON TABLE T",)),
    Case("ALTER TABLE T RENAME TO T9", ("OWNERSHIP ON TABLE T",)),
    Case("ALTER TABLE T SWAP WITH T2", ("OWNERSHIP ON TABLE T", "OWNERSHIP ON TABLE T2")),
    Case("ALTER TABLE T SET COMMENT = 'x'", ("OWNERSHIP ON TABLE T",)),
    Case(
        COPY,
        (
            *("INSERT ON TABLE T", "USAGE ON STAGE S", "USAGE ON FILE FORMAT F"),
            "USAGE ON INTEGRATION RIGHTS_INT",
        ),
    ),
    Case("ALTER WAREHOUSE RIGHTS_WH SUSPEND", ("OPERATE ON WAREHOUSE RIGHTS_WH",), ()),
    Case("ALTER WAREHOUSE RIGHTS_WH SET AUTO_SUSPEND = 60", ("MODIFY ON WAREHOUSE RIGHTS_WH",), ()),
    Case("DESC INTEGRATION RIGHTS_INT", ("USAGE ON INTEGRATION RIGHTS_INT",), ()),
    Case("GRANT SELECT ON TABLE T TO ROLE PUBLIC", ("OWNERSHIP ON TABLE T",)),
]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.sql) for case in CASES])
def test_each_privilege_is_needed(case: Case, world: World) -> None:
    needed = (*case.places, *case.privileges)
    for privilege in (DATABASE, *needed):
        world.grant(privilege)
    world.session.execute(f"USE DATABASE {world.database}")
    for privilege in needed:
        world.revoke(privilege)
        assert refusal(world, case.sql)[0] in (2003, 3001), f"without {privilege}"
        world.grant(privilege)
    world.session.execute(case.sql)
