from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from stock_sf_loader.account import setup
from stock_sf_loader.account.schema import statements
from stock_sf_loader.arguments import parse

ROLE = "arn:aws:iam::123456789012:role/stock-pipeline-snowflake-role"
GIVEN = ["setup", "--bucket", "stocks-0a1b", "--role-arn", ROLE, "--external-id", "id-12345"]
KEY = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA" + "A" * 344 + "IDAQAB"


@pytest.fixture
def key(tmp_path: Path) -> str:
    path = tmp_path / "loader.pub"
    lines = [KEY[at : at + 64] for at in range(0, len(KEY), 64)]
    path.write_text("\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""]))
    return str(path)


def rendered(*more: str) -> str:
    return setup.render(parse([*GIVEN, *more]))


def test_snowflakes_dialect_has_every_statement(key: str) -> None:
    keys = [word for user in ("loader", "auditor", "dashboard") for word in (f"--{user}-key", key)]
    made = statements(rendered("--network", "203.0.113.0/24", *keys))
    assert len(made) > 50
    opaque = set()
    for sql in made:
        (parsed,) = sqlglot.parse(sql, dialect="snowflake")
        if isinstance(parsed, exp.Command):
            opaque.add(" ".join(sql.split()[:2]))
    # These the parser takes as they are: it has no grammar for accounts' objects.
    assert opaque <= {
        "USE ROLE",
        "CREATE RESOURCE",
        "ALTER RESOURCE",
        "CREATE WAREHOUSE",
        "ALTER WAREHOUSE",
        "CREATE ROLE",
        "CREATE STORAGE",
        "ALTER STORAGE",
        "CREATE USER",
        "ALTER USER",
        "CREATE NETWORK",
        "ALTER NETWORK",
        "GRANT ROLE",
        "GRANT OWNERSHIP",
        "GRANT MONITOR",
        "GRANT USAGE",
        "GRANT USAGE,",
        "GRANT SELECT",
        "GRANT SELECT,",
        "DESC INTEGRATION",
    }


def test_it_says_what_an_account_needs(key: str) -> None:
    text = rendered("--loader-key", key, "--credits", "25")
    for part in (
        "CREDIT_QUOTA = 25 FREQUENCY = MONTHLY\n",
        "ON 75 PERCENT DO NOTIFY ON 90 PERCENT DO SUSPEND ON 100 PERCENT DO SUSPEND_IMMEDIATE",
        "WAREHOUSE_SIZE = 'X-SMALL' AUTO_SUSPEND = 60 AUTO_RESUME = TRUE",
        f"STORAGE_AWS_ROLE_ARN = '{ROLE}'",
        "STORAGE_AWS_EXTERNAL_ID = 'id-12345'",
        f"ALTER STORAGE INTEGRATION STOCK_S3 SET ENABLED = TRUE STORAGE_AWS_ROLE_ARN = '{ROLE}'\n"
        "  STORAGE_AWS_EXTERNAL_ID = 'id-12345'",
        "STORAGE_ALLOWED_LOCATIONS = ('s3://stocks-0a1b/raw/')",
        "CREATE USER IF NOT EXISTS STOCK_LOADER TYPE = SERVICE",
        f"RSA_PUBLIC_KEY = '{KEY}'",
        "GRANT ROLE STOCK_OWNER TO USER STOCK_LOADER",
        "DESC INTEGRATION STOCK_S3",
    ):
        assert part in text, part
    assert "{{" not in text and "PASSWORD" not in text
    assert "STOCK_AUDITOR cannot sign in yet" in text and "STOCK_LOADER cannot sign in yet" not in text
    assert "NETWORK_POLICY" not in text and "network policy" in text


def test_readers_have_a_warehouse_and_a_monitor_of_their_own() -> None:
    text = rendered("--credits", "25", "--reader-credits", "7")
    made = statements(text)
    for warehouse, monitor, most in (
        ("STOCK_WH", "STOCK_MONITOR", 25),
        ("STOCK_READ_WH", "STOCK_READ_MONITOR", 7),
    ):
        assert f"ALTER RESOURCE MONITOR {monitor} SET CREDIT_QUOTA = {most}" in text
        (setting,) = (sql for sql in made if sql.startswith(f"ALTER WAREHOUSE {warehouse} "))
        assert setting.endswith(f"RESOURCE_MONITOR = {monitor}")
    assert "GRANT USAGE ON WAREHOUSE STOCK_READ_WH TO ROLE STOCK_READER;" in text
    assert "GRANT USAGE ON WAREHOUSE STOCK_WH TO ROLE STOCK_READER;" not in text
    assert "ALTER USER STOCK_DASHBOARD SET DEFAULT_WAREHOUSE = STOCK_READ_WH;" in text
    assert "ALTER USER STOCK_AUDITOR SET DEFAULT_WAREHOUSE = STOCK_WH;" in text


def test_each_warehouse_is_the_cheapest_when_it_is_made_and_when_it_is_there() -> None:
    begins = ("CREATE WAREHOUSE", "ALTER WAREHOUSE")
    changed = [sql for sql in statements(rendered()) if sql.startswith(begins)]
    assert len(changed) == 4
    for sql in changed:
        assert "GENERATION = '1' ENABLE_QUERY_ACCELERATION = FALSE" in sql, sql


def test_a_user_may_be_a_role_on_aws_and_need_no_key() -> None:
    text = rendered("--loader-arn", ROLE)
    assert f"ALTER USER STOCK_LOADER SET WORKLOAD_IDENTITY = (TYPE = AWS ARN = '{ROLE}');" in text
    assert "STOCK_LOADER cannot sign in yet" not in text and "STOCK_AUDITOR cannot sign in yet" in text


def test_the_monitors_write_to_the_users_that_are_named() -> None:
    assert "NOTIFY_USERS" not in rendered()
    text = rendered("--notify", "ANNA", "--notify", "BEN")
    assert text.count("NOTIFY_USERS = (ANNA, BEN);") == 2


def test_one_name_is_one_warehouse_for_all() -> None:
    text = rendered("--warehouse", "W", "--reader-warehouse", "w")
    assert text.count("CREATE WAREHOUSE") == text.count("CREATE RESOURCE MONITOR") == 1
    assert "GRANT USAGE ON WAREHOUSE w TO ROLE STOCK_READER;" in text


def test_every_statement_can_be_run_again() -> None:
    for sql in statements(rendered("--network", "203.0.113.7/32")):
        assert not sql.startswith("CREATE") or " IF NOT EXISTS " in sql, sql
        assert "OR REPLACE" not in sql and not sql.startswith("DROP")


def test_names_are_the_ones_given() -> None:
    text = rendered(
        "--database",
        "D",
        "--warehouse",
        "W",
        "--integration",
        "I",
        "--loader-role",
        "L",
        "--loader-user",
        "U",
    )
    assert (
        "GRANT USAGE ON WAREHOUSE W TO ROLE L;" in text
        and "GRANT ROLE L TO USER U;" in text
        and "GRANT USAGE ON INTEGRATION I TO ROLE L;" in text
    )


@pytest.mark.parametrize(
    "more",
    [
        pytest.param(["--database", "A; DROP"], id="database"),
        pytest.param(["--loader-user", "a b"], id="user"),
        pytest.param(["--owner-role", 'x"'], id="role"),
        pytest.param(["--bucket", "x'"], id="bucket"),
        pytest.param(["--role-arn", "arn:aws:iam::1:role/x"], id="role arn"),
        pytest.param(["--external-id", "x'); --"], id="external id"),
        pytest.param(["--network", "0.0.0.0/0"], id="all the world"),
        pytest.param(["--network", "203.0.113.7'"], id="network"),
        pytest.param(["--credits", "0"], id="credits"),
        pytest.param(["--loader-arn", "arn:aws:iam::1:user/x'"], id="arn"),
        pytest.param(["--notify", "anna@example.org"], id="notified user"),
        pytest.param(["--loader-key", "/nonexistent"], id="no key file"),
    ],
)
def test_what_could_be_more_than_a_name_is_refused(
    more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        parse([*GIVEN, *more])
    assert exit_.value.code == 2 and more[0] in capsys.readouterr().err


def test_a_private_key_is_refused_and_not_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "loader.p8"
    path.write_text(f"-----BEGIN PRIVATE KEY-----\n{KEY}\n-----END PRIVATE KEY-----\n")
    with pytest.raises(SystemExit):
        parse([*GIVEN, "--loader-key", str(path)])
    shown = capsys.readouterr().err
    assert "no public key" in shown and KEY[:20] not in shown


def test_the_command_needs_no_variable() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stock_sf_loader", *GIVEN], env={}, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("DESC INTEGRATION STOCK_S3;") and not done.stderr
