"""Where one stack lives, and the environment that its parts are given."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stock_stack.ports import HOST, Ports

REPOSITORY = Path(__file__).resolve().parents[4]
SYMBOLS = Path(__file__).resolve().parents[2] / "symbols.txt"
INHERITED = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR", "JAVA_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
"""All that a part gets of the caller's environment: a person's own AWS_ and SNOWFLAKE_ variables stay out."""
BUCKET = "stock-data"


@dataclass(frozen=True)
class Site:
    """`overrides` are variables for every service, on top of the demo's; `broker` are properties of Kafka's, on top of the demo's."""

    data: Path
    ports: Ports
    overrides: Mapping[str, str] = field(default_factory=dict)
    broker: Mapping[str, object] = field(default_factory=dict)

    def log(self, name: str) -> Path:
        return self.data / "logs" / f"{name}.log"

    def url(self, part: str, path: str = "") -> str:
        return f"http://{HOST}:{self.ports[part]}{path}"


def base() -> dict[str, str]:
    """The little that every process inherits, in UTC."""
    return {name: os.environ[name] for name in INHERITED if name in os.environ} | {"TZ": "UTC", "PYTHONUNBUFFERED": "1"}


def objects(site: Site) -> dict[str, str]:
    """S3: the bucket, the endpoint, and keys that no profile of the user's can override."""
    return {
        "S3_BUCKET": BUCKET,
        "S3_ENDPOINT_URL": site.url("s3"),
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "stock",
        "AWS_SECRET_ACCESS_KEY": "stock-local-secret",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def kafka(site: Site) -> dict[str, str]:
    return {"KAFKA_BOOTSTRAP_SERVERS": f"{HOST}:{site.ports['kafka']}", "KAFKA_REPLICATION_FACTOR": "1"}


def warehouse(site: Site) -> dict[str, str]:
    return {
        "SNOWFLAKE_ACCOUNT": "local",
        "SNOWFLAKE_USER": "stock",
        "SNOWFLAKE_PASSWORD": "stock-local-password",
        "SNOWFLAKE_HOST": HOST,
        "SNOWFLAKE_PORT": str(site.ports["snowflake"]),
        "SNOWFLAKE_PROTOCOL": "http",
        "SNOWFLAKE_DATABASE": "STOCKS",
        "SNOWFLAKE_HOME": str(site.data / "snowflake-home"),
    }


def symbols() -> str:
    return ",".join(SYMBOLS.read_text().split())


def service(site: Site, name: str, instance: int) -> dict[str, str]:
    """What a service of the demo is given; it takes what it needs."""
    suffix = "" if instance == 1 else f"-{instance}"
    return {
        **base(),
        **kafka(site),
        **objects(site),
        **warehouse(site),
        "QUOTE_SOURCE": "simulated",
        "ALPHA_VANTAGE_URL": site.url("market", "/query"),
        "ALPHA_VANTAGE_PLAN": "1200",
        "ALPHA_VANTAGE_API_KEY": "demo-stack",
        "MARKET_CALENDAR": "24/7",
        "SYMBOLS": symbols(),
        "ALERT_MOVE_PERCENT": "1",
        "POLL_INTERVAL_SECONDS": "5",
        "FLUSH_SECONDS": "5",
        "LOAD_INTERVAL_SECONDS": "5",
        "AUDIT_INTERVAL_SECONDS": "10",
        "STATE_DIR": str(site.data / f"{name}{suffix}"),
        "METRICS_PORT": str(site.ports[f"{name}{suffix}-metrics"]),
        "DASHBOARD_HOST": HOST,
        "DASHBOARD_PORT": str(site.ports[f"dashboard{suffix}"]),
        **site.overrides,
    }
