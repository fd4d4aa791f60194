"""The administrator's SQL: schema/templates/account.sql with names, keys and addresses put in. Pure."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from stock_common import keys
from stock_sf_loader.account.grants import Grant, Roles, Warehouses, grants
from stock_sf_loader.account.schema import put_in, template
from stock_sf_loader.account.setup_options import USERS

CHEAPEST = "GENERATION = '1' ENABLE_QUERY_ACCELERATION = FALSE"
"""Without them a warehouse is of the second generation, 1.35 credits an hour in place of 1 on AWS, and may
use query acceleration, which is billed apart and which no monitor stops."""
NETWORK_HINT = """\
-- These users may sign in from anywhere. Name the addresses that the services go out by (the host's, or the
-- NAT's) with --network 203.0.113.7/32, and a network policy of these users is made here.
-- A service that signs in with a programmatic access token needs one."""


def render(given: argparse.Namespace) -> str:
    """The SQL as text. `given` are options that setup_options.add_arguments has checked."""
    roles = Roles(*(getattr(given, f"{role}_role") for role in Roles._fields))
    names = ("database", "integration", "role_arn", "external_id")
    values = {
        **{name: getattr(given, name) for name in names},
        **roles._asdict(),
        "warehouses": "\n\n".join(_warehouses(given)),
        "location": f"s3://{given.bucket}/{keys.ROOT}",
        "roles": _roles(roles),
        "grants": "\n".join(map(str, _grants(given, roles))),
        "users": "\n".join(_user(given, user, roles) for user in USERS),
        "network": _network_policy(given),
    }
    return put_in(template("account.sql"), values)


def _grants(given: argparse.Namespace, roles: Roles) -> list[Grant]:
    return grants(given.database, _places(given), given.integration, given.monitor, roles)


def _places(given: argparse.Namespace) -> Warehouses:
    return Warehouses(given.warehouse, given.reader_warehouse)


def _warehouses(given: argparse.Namespace) -> Iterator[str]:
    """Each with its monitor. One for all where both have one name."""
    yield _warehouse(given.warehouse, 14_400, given.monitor, given.credits, given.notify)
    if given.reader_warehouse.upper() != given.warehouse.upper():
        yield _warehouse(
            given.reader_warehouse, 300, given.reader_monitor, given.reader_credits, given.notify
        )


def _warehouse(name: str, statement_seconds: int, monitor: str, credits: int, notified: Sequence[str]) -> str:
    size = f"WAREHOUSE_SIZE = 'X-SMALL' AUTO_SUSPEND = 60 AUTO_RESUME = TRUE\n  {CHEAPEST}"
    notify = f" NOTIFY_USERS = ({', '.join(notified)})" if notified else ""
    return f"""\
CREATE RESOURCE MONITOR IF NOT EXISTS {monitor} WITH CREDIT_QUOTA = {credits} FREQUENCY = MONTHLY
  START_TIMESTAMP = IMMEDIATELY
  TRIGGERS ON 75 PERCENT DO NOTIFY ON 90 PERCENT DO SUSPEND ON 100 PERCENT DO SUSPEND_IMMEDIATE;
ALTER RESOURCE MONITOR {monitor} SET CREDIT_QUOTA = {credits}{notify};
CREATE WAREHOUSE IF NOT EXISTS {name} WITH {size}
  INITIALLY_SUSPENDED = TRUE;
ALTER WAREHOUSE {name} SET {size} STATEMENT_TIMEOUT_IN_SECONDS = {statement_seconds}
  RESOURCE_MONITOR = {monitor};"""


def _roles(roles: Roles) -> str:
    made = [f"CREATE ROLE IF NOT EXISTS {role};" for role in roles]
    below = (
        (roles.reader, roles.loader),
        (roles.loader, roles.owner),
        # So that administrators have all of it (Snowflake, "Access control best practices").
        (roles.auditor, roles.owner),
        (roles.owner, "SYSADMIN"),
    )
    return "\n".join([*made, *(f"GRANT ROLE {lower} TO ROLE {upper};" for lower, upper in below)])


def _user(given: argparse.Namespace, user: str, roles: Roles) -> str:
    name = getattr(given, f"{user}_user")
    held = {
        "loader": (roles.loader, roles.owner),
        "auditor": (roles.auditor,),
        "dashboard": (roles.reader,),
    }[user]
    warehouse = _places(given).reader if user == "dashboard" else given.warehouse
    lines = [
        f"CREATE USER IF NOT EXISTS {name} TYPE = SERVICE DEFAULT_ROLE = {held[0]}"
        f" DEFAULT_NAMESPACE = {given.database} COMMENT = 'Stock pipeline: {user}';",
        f"ALTER USER {name} SET DEFAULT_WAREHOUSE = {warehouse};",
        # By default a session has the rights of all its user's roles: the loader's would have the owner's.
        f"ALTER USER {name} SET DEFAULT_SECONDARY_ROLES = ();",
        *_sign_in(name, user, getattr(given, f"{user}_key"), getattr(given, f"{user}_arn")),
    ]
    return "\n".join([*lines, *(f"GRANT ROLE {role} TO USER {name};" for role in held)])


def _sign_in(name: str, user: str, key: str | None, arn: str | None) -> Iterator[str]:
    if arn:
        # Without a key: SNOWFLAKE_WORKLOAD_IDENTITY=AWS. Source: Snowflake, "Workload identity federation".
        yield f"ALTER USER {name} SET WORKLOAD_IDENTITY = (TYPE = AWS ARN = '{arn}');"
    if key:
        yield f"ALTER USER {name} SET RSA_PUBLIC_KEY = '{key}';"
    if not arn and not key:
        yield f"-- {name} cannot sign in yet: give its public key by --{user}-key, or its role on AWS by"
        yield f"-- --{user}-arn, or ALTER USER {name} SET RSA_PUBLIC_KEY = '...'."


def _network_policy(given: argparse.Namespace) -> str:
    if not given.network:
        return NETWORK_HINT
    addresses = ", ".join(f"'{network}'" for network in given.network)
    users = [
        f"ALTER USER {getattr(given, f'{user}_user')} SET NETWORK_POLICY = STOCK_NETWORK;" for user in USERS
    ]
    made = f"CREATE NETWORK POLICY IF NOT EXISTS STOCK_NETWORK ALLOWED_IP_LIST = ({addresses});"
    changed = f"ALTER NETWORK POLICY STOCK_NETWORK SET ALLOWED_IP_LIST = ({addresses});"
    return "\n".join([made, changed, *users])
