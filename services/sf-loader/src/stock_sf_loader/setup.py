"""The administrator's SQL: sql/setup/account.sql with names, keys and addresses put in.

Each of them is checked, since DDL takes no binds. Pure but for files.
"""

from __future__ import annotations

import argparse
import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from stock_common import keys
from stock_sf_loader.grants import Roles, grants
from stock_sf_loader.migrations import FOLDER, bucket_name, put_in
from stock_warehouse.config import identifier

TEMPLATE = FOLDER / "setup" / "account.sql"
CREDITS = 30
"""A month of loads every 15 minutes takes 10 to 20 (docs/cost.md)."""
_ARN = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,576}")
_EXTERNAL_ID = re.compile(r"[A-Za-z0-9+=,.@:/_-]{2,1224}")
_KEY = re.compile(r"[A-Za-z0-9+/]{300,2000}={0,2}")
"""Base64 of a public key of 2,048 bits or more."""
_USERS = ("loader", "auditor", "dashboard")
NETWORK_HINT = """\
-- From where these users may sign in: anywhere. Name the addresses that the services go out by (the host's, or the NAT's) with
-- --network 203.0.113.7/32, and a network policy of these users is made here. A service that signs in with a programmatic access token needs one."""


def add_arguments(parser: argparse.ArgumentParser, environment: Mapping[str, str] = os.environ) -> None:
    """The options; where the services have a variable for it, that is the default."""

    def option(name: str, check: Callable[[str], object], default: str | None, text: str) -> None:
        given = {"required": True} if default is None else {"default": default}
        parser.add_argument(f"--{name}", type=_checked(check), help=text if default is None else f"{text} ({default})", **given)  # type: ignore[arg-type]

    option("bucket", bucket_name, environment.get("S3_BUCKET") or None, "bucket of raw/")
    option("role-arn", _matches(_ARN, "the ARN of an IAM role"), None, "role that Snowflake reads raw/ by: terraform output snowflake_role_arn")
    option("external-id", _matches(_EXTERNAL_ID, "an external id"), None, "pinned external id: terraform output snowflake_external_id")
    option("database", identifier, environment.get("SNOWFLAKE_DATABASE") or "STOCKS", "database")
    option("warehouse", identifier, environment.get("SNOWFLAKE_WAREHOUSE") or "STOCK_WH", "virtual warehouse")
    option("integration", identifier, environment.get("SNOWFLAKE_STORAGE_INTEGRATION") or "STOCK_S3", "storage integration")
    option("monitor", identifier, "STOCK_MONITOR", "resource monitor")
    for role, default in Roles()._asdict().items():
        option(f"{role}-role", identifier, default, f"role of the {role}")
    for user in _USERS:
        option(f"{user}-user", identifier, f"STOCK_{user.upper()}", f"user of the {user}")
        parser.add_argument(f"--{user}-key", type=_public_key, metavar="FILE", help=f"the {user}'s public key (PEM)")
    parser.add_argument("--credits", type=_credits, default=CREDITS, help=f"credits a month at which the monitor stops the warehouse ({CREDITS})")
    parser.add_argument("--network", type=_network, action="append", default=[], metavar="CIDR", help="where the users may sign in from; repeat")


def render(given: argparse.Namespace) -> str:
    """The SQL as text, for options as `add_arguments` has checked them."""
    roles = Roles(*(getattr(given, f"{role}_role") for role in Roles._fields))
    values = {
        **{name: getattr(given, name) for name in ("database", "warehouse", "integration", "monitor", "role_arn", "external_id")},
        **roles._asdict(),
        "credits": str(given.credits),
        "location": f"s3://{given.bucket}/{keys.ROOT}",
        "roles": _roles(roles),
        "grants": "\n".join(map(str, grants(given.database, given.warehouse, given.integration, roles))),
        "users": "\n".join(_user(given, user, roles) for user in _USERS),
        "network": _network_policy(given),
    }
    return put_in(TEMPLATE.read_text(encoding="utf-8"), values)


def _roles(roles: Roles) -> str:
    made = [f"CREATE ROLE IF NOT EXISTS {role};" for role in roles]
    below = ((roles.reader, roles.loader), (roles.loader, roles.owner), (roles.auditor, roles.owner), (roles.owner, "SYSADMIN"))
    return "\n".join([*made, *(f"GRANT ROLE {lower} TO ROLE {upper};" for lower, upper in below)])


def _user(given: argparse.Namespace, user: str, roles: Roles) -> str:
    name, key = getattr(given, f"{user}_user"), getattr(given, f"{user}_key")
    held = {"loader": (roles.loader, roles.owner), "auditor": (roles.auditor,), "dashboard": (roles.reader,)}[user]
    lines = [
        f"CREATE USER IF NOT EXISTS {name} TYPE = SERVICE DEFAULT_ROLE = {held[0]} DEFAULT_WAREHOUSE = {given.warehouse}"
        f" DEFAULT_NAMESPACE = {given.database} COMMENT = 'Stock pipeline: {user}';",
        # A new user's sessions hold all of its roles' rights otherwise: the loader's would be the owner's.
        f"ALTER USER {name} SET DEFAULT_SECONDARY_ROLES = ();",
        f"ALTER USER {name} SET RSA_PUBLIC_KEY = '{key}';"
        if key
        else f"-- {name} cannot sign in yet: give its public key by --{user}-key, or ALTER USER {name} SET RSA_PUBLIC_KEY = '...'.",
    ]
    return "\n".join([*lines, *(f"GRANT ROLE {role} TO USER {name};" for role in held)])


def _network_policy(given: argparse.Namespace) -> str:
    if not given.network:
        return NETWORK_HINT
    addresses = ", ".join(f"'{network}'" for network in given.network)
    users = [f"ALTER USER {getattr(given, f'{user}_user')} SET NETWORK_POLICY = STOCK_NETWORK;" for user in _USERS]
    made = f"CREATE NETWORK POLICY IF NOT EXISTS STOCK_NETWORK ALLOWED_IP_LIST = ({addresses});"
    return "\n".join([made, f"ALTER NETWORK POLICY STOCK_NETWORK SET ALLOWED_IP_LIST = ({addresses});", *users])


def _checked(check: Callable[[str], object]) -> Callable[[str], str]:
    def convert(text: str) -> str:
        try:
            check(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r} {error}") from None
        return text

    return convert


def _matches(pattern: re.Pattern[str], what: str) -> Callable[[str], None]:
    def check(text: str) -> None:
        if not pattern.fullmatch(text):
            raise ValueError(f"must be {what}")

    return check


def _credits(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number above 0")
    return int(text)


def _network(text: str) -> str:
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} must be an IPv4 network such as 203.0.113.7/32 ({error})") from None
    if network.prefixlen == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is all the world: leave --network out")
    return str(network)


def _public_key(text: str) -> str:
    """The key's base64 without its frame. A private key is refused without a word of it."""
    try:
        lines = Path(text).read_text(encoding="ascii").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise argparse.ArgumentTypeError(f"{text} cannot be read: {type(error).__name__}") from None
    if "-----BEGIN PUBLIC KEY-----" not in lines[0]:
        raise argparse.ArgumentTypeError(f"{text} is no public key in PEM: openssl rsa -in KEY.p8 -pubout -out KEY.pub")
    body = "".join(line.strip() for line in lines if not line.startswith("-----"))
    if not _KEY.fullmatch(body):
        raise argparse.ArgumentTypeError(f"{text} is no RSA key of 2,048 bits or more")
    return body
