"""The options of `setup`. Each value is checked, because DDL takes no binds. Pure, except for key files."""

from __future__ import annotations

import argparse
import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from stock_sf_loader.account.grants import Roles, Warehouses
from stock_sf_loader.account.schema import bucket_name
from stock_sf_loader.account.spending import quota
from stock_warehouse.config import identifier

USERS = ("loader", "auditor", "dashboard")
CREDITS = quota(900)
"""For loads every 15 minutes. `make cost` has it for others."""
READER_CREDITS = 16
"""For a look at history each quarter of an hour of all sessions, with the same margin."""
_ARN = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,576}")
_EXTERNAL_ID = re.compile(r"[A-Za-z0-9+=,.@:/_-]{2,1224}")
_KEY = re.compile(r"[A-Za-z0-9+/]{300,2000}={0,2}")
"""Base64 of a public key of 2,048 bits or more."""
Check = Callable[[str], object]
"""Raises ValueError for a value that is not what it should be."""


class Option(NamedTuple):
    """An option with one value. It is required unless the environment's `variable` or `default` is set."""

    name: str
    check: Check
    help: str
    default: str = ""
    variable: str = ""


def add_arguments(parser: argparse.ArgumentParser, environment: Mapping[str, str] = os.environ) -> None:
    """Adds the options. The defaults of some are the variables that the services have too."""
    for option in (*OPTIONS, *_role_options()):
        _add(parser, option, environment)
    for user in USERS:
        _add(parser, Option(f"{user}-user", identifier, f"user of the {user}", f"STOCK_{user.upper()}"), {})
        parser.add_argument(
            f"--{user}-key", type=_public_key, metavar="FILE", help=f"the {user}'s public key (PEM)"
        )
        parser.add_argument(
            f"--{user}-arn",
            type=_checked(_matches(_ARN, "the ARN of an IAM role")),
            metavar="ARN",
            help=f"role that the {user} runs by on AWS, which then needs no key",
        )
    for prefix, whose, most in (("", "the", CREDITS), ("reader-", "the readers'", READER_CREDITS)):
        parser.add_argument(
            f"--{prefix}credits",
            type=_credits,
            default=most,
            help=f"credits a month at which its monitor stops {whose} warehouse ({most})",
        )
    parser.add_argument(
        "--notify",
        type=_checked(identifier),
        action="append",
        default=[],
        metavar="USER",
        help="user with a verified address whom the monitors write to; repeat (nobody)",
    )
    parser.add_argument(
        "--network",
        type=_network,
        action="append",
        default=[],
        metavar="CIDR",
        help="where the users may sign in from; repeat",
    )


def _add(parser: argparse.ArgumentParser, option: Option, environment: Mapping[str, str]) -> None:
    default = environment.get(option.variable) or option.default
    parser.add_argument(
        f"--{option.name}",
        type=_checked(option.check),
        required=not default,
        default=default or None,
        help=f"{option.help} ({default})" if default else option.help,
    )


def _role_options() -> list[Option]:
    return [
        Option(f"{role}-role", identifier, f"role of the {role}", default)
        for role, default in Roles()._asdict().items()
    ]


def _checked(check: Check) -> Callable[[str], str]:
    def convert(text: str) -> str:
        try:
            check(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r} {error}") from None
        return text

    return convert


def _matches(pattern: re.Pattern[str], what: str) -> Check:
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
        example = "an IPv4 network such as 203.0.113.7/32"
        raise argparse.ArgumentTypeError(f"{text!r} must be {example} ({error})") from None
    if network.prefixlen == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is all the world: leave --network out")
    return str(network)


def _public_key(text: str) -> str:
    """The base64 of the public key in the file `text`. No part of a private key is shown."""
    try:
        lines = Path(text).read_text(encoding="ascii").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise argparse.ArgumentTypeError(f"{text} cannot be read: {type(error).__name__}") from None
    if "-----BEGIN PUBLIC KEY-----" not in lines[0]:
        advice = "openssl rsa -in KEY.p8 -pubout -out KEY.pub"
        raise argparse.ArgumentTypeError(f"{text} is no public key in PEM: {advice}")
    body = "".join(line.strip() for line in lines if not line.startswith("-----"))
    if not _KEY.fullmatch(body):
        raise argparse.ArgumentTypeError(f"{text} is no RSA key of 2,048 bits or more")
    return body


OPTIONS = (
    Option("bucket", bucket_name, "bucket of raw/", variable="S3_BUCKET"),
    Option(
        "role-arn",
        _matches(_ARN, "the ARN of an IAM role"),
        "role that Snowflake reads raw/ by: terraform output snowflake_role_arn",
    ),
    Option(
        "external-id",
        _matches(_EXTERNAL_ID, "an external id"),
        "pinned external id: terraform output snowflake_external_id",
    ),
    Option("database", identifier, "database", "STOCKS", "SNOWFLAKE_DATABASE"),
    Option(
        "warehouse",
        identifier,
        "virtual warehouse of the loader and the auditor",
        Warehouses().writer,
        "SNOWFLAKE_WAREHOUSE",
    ),
    Option(
        "reader-warehouse",
        identifier,
        "the dashboard's virtual warehouse, the same name makes one for all",
        Warehouses().reader,
        "SNOWFLAKE_READER_WAREHOUSE",
    ),
    Option("integration", identifier, "storage integration", "STOCK_S3", "SNOWFLAKE_STORAGE_INTEGRATION"),
    Option("monitor", identifier, "resource monitor", "STOCK_MONITOR"),
    Option("reader-monitor", identifier, "resource monitor of the readers' warehouse", "STOCK_READ_MONITOR"),
)
