"""Settings from the environment. One message names every fault."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8090
DEFAULT_REGION = "us-east-1"
EDITIONS = ("standard", "enterprise")
COPY_ERRORS = ("named", "bare", "unknown")
"""Whether the text of a failed COPY names file, row and column. A real account's often does not."""
DEFAULT_IDLE_TRANSACTION_SECONDS = 300.0
"""user-guide/transactions, "Aborting transactions": five minutes for a transaction that blocks another."""


class ConfigurationError(Exception):
    """The environment cannot be used. The text has one line a fault."""


@dataclass(frozen=True)
class Settings:
    """Where to listen and keep the databases, which S3 server to read, when to roll an idle transaction back.

    name: how other machines call this one in an address, None where only this one does.
    password: what users without a password or key of their own sign in with.
    token: a programmatic access token that any user may sign in with, None where there is none.
    accounts: identifiers by which clients may call the account, empty for any.
    edition: of the account, one of EDITIONS.
    copy_errors: one of COPY_ERRORS.
    boto3 takes S3's credentials from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY or its own chain.
    """

    host: str
    port: int
    name: str | None
    password: str = field(repr=False)
    data_dir: Path
    s3_endpoint_url: str | None
    aws_region: str
    idle_transaction_seconds: float
    edition: str = EDITIONS[0]
    copy_errors: str = COPY_ERRORS[0]
    token: str | None = field(default=None, repr=False)
    accounts: tuple[str, ...] = ()

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read and check the settings. Raises ConfigurationError that names every missing or bad variable."""
        faults: list[str] = []
        settings = cls(
            host=_host(environ.get("SNOWFLAKE_LISTEN_HOST") or DEFAULT_HOST, faults),
            port=_port(environ.get("SNOWFLAKE_LISTEN_PORT") or str(DEFAULT_PORT), faults),
            name=environ.get("SNOWFLAKE_HOST") or None,
            password=_password(environ.get("SNOWFLAKE_PASSWORD", ""), faults),
            data_dir=_directory(environ.get("DATA_DIR", ""), faults),
            s3_endpoint_url=_endpoint(environ.get("S3_ENDPOINT_URL", ""), faults),
            aws_region=environ.get("AWS_REGION") or DEFAULT_REGION,
            idle_transaction_seconds=_seconds(environ.get("IDLE_TRANSACTION_SECONDS", ""), faults),
            edition=_choice("SNOWFLAKE_EDITION", EDITIONS, environ, faults),
            copy_errors=_choice("COPY_ERRORS", COPY_ERRORS, environ, faults),
            token=environ.get("SNOWFLAKE_TOKEN") or None,
            accounts=tuple(environ.get("SNOWFLAKE_ACCOUNTS", "").replace(",", " ").split()),
        )
        if faults:
            raise ConfigurationError("\n".join(faults))
        return settings


def _host(text: str, faults: list[str]) -> str:
    if text != "localhost":
        try:
            ipaddress.ip_address(text)
        except ValueError:
            faults.append(f"SNOWFLAKE_LISTEN_HOST must be an IP address or localhost, not {text!r}.")
    return text


def _choice(name: str, choices: Sequence[str], environ: Mapping[str, str], faults: list[str]) -> str:
    text = environ.get(name) or choices[0]
    if text not in choices:
        faults.append(f"{name} must be {' or '.join(choices)}, not {text!r}.")
    return text


def _password(text: str, faults: list[str]) -> str:
    if not text:
        faults.append("SNOWFLAKE_PASSWORD must be the password that clients sign in with.")
    return text


def _port(text: str, faults: list[str]) -> int:
    if text.isdecimal() and int(text) <= 65535:
        return int(text)
    faults.append(
        f"SNOWFLAKE_LISTEN_PORT must be a number from 0 to 65535 (0 takes a free port), not {text!r}."
    )
    return 0


def _directory(text: str, faults: list[str]) -> Path:
    if not text:
        faults.append("DATA_DIR must name the directory of the databases. It is made if it does not exist.")
    elif Path(text).exists() and not Path(text).is_dir():
        faults.append(f"DATA_DIR must be a directory, but {text!r} is a file.")
    return Path(text)


def _endpoint(text: str, faults: list[str]) -> str | None:
    if not text:
        return None
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        faults.append(f"S3_ENDPOINT_URL must be an http or https address, or empty for AWS, not {text!r}.")
    return text


def _seconds(text: str, faults: list[str]) -> float:
    if not text:
        return DEFAULT_IDLE_TRANSACTION_SECONDS
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        faults.append(f"IDLE_TRANSACTION_SECONDS must be a number above 0, not {text!r}.")
    return seconds
