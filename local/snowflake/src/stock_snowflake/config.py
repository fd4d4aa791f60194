"""Settings from the environment: every fault is named in one message."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8090
DEFAULT_REGION = "us-east-1"
# user-guide/transactions, "Aborting transactions": an idle transaction that blocks another is aborted after five minutes.
DEFAULT_IDLE_TRANSACTION_SECONDS = 300.0


class ConfigurationError(Exception):
    """The environment cannot be used; the text has one line a fault."""


@dataclass(frozen=True)
class Settings:
    """Where to listen, where to keep the databases, which S3 server to read, when to give up an idle transaction.

    Credentials are not held here: boto3 takes them from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY or its own chain.
    """

    host: str
    port: int
    data_dir: Path
    s3_endpoint_url: str | None
    aws_region: str
    idle_transaction_seconds: float

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read and check the settings. Raises ConfigurationError that names every missing or bad variable."""
        faults: list[str] = []
        settings = cls(
            host=_host(environ.get("SNOWFLAKE_LISTEN_HOST") or DEFAULT_HOST, faults),
            port=_port(environ.get("SNOWFLAKE_LISTEN_PORT") or str(DEFAULT_PORT), faults),
            data_dir=_directory(environ.get("DATA_DIR", ""), faults),
            s3_endpoint_url=_endpoint(environ.get("S3_ENDPOINT_URL", ""), faults),
            aws_region=environ.get("AWS_REGION") or DEFAULT_REGION,
            idle_transaction_seconds=_seconds(environ.get("IDLE_TRANSACTION_SECONDS", ""), faults),
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


def _port(text: str, faults: list[str]) -> int:
    if text.isdecimal() and int(text) <= 65535:
        return int(text)
    faults.append(f"SNOWFLAKE_LISTEN_PORT must be a number from 0 to 65535 (0 takes a free port), not {text!r}.")
    return 0


def _directory(text: str, faults: list[str]) -> Path:
    if not text:
        faults.append("DATA_DIR must name the directory where the databases are kept; it is made if it does not exist.")
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
