"""Where one stack keeps its data, which ports it has, and the environment that its parts get."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stock_stack.certificates import AUTHORITY
from stock_stack.ports import HOST, Ports
from stock_stack.registry import services
from stock_stack.rights import password

SYMBOLS = Path(__file__).resolve().parents[1] / "symbols.txt"
INHERITED = (
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "JAVA_HOME",
    "JAVA_TOOL_OPTIONS",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
)
"""What a part gets of the caller's environment. A person's own AWS_ and SNOWFLAKE_ variables stay out."""
BUCKET = "stock-data"
ADMINISTRATOR = "stock"
"""The user of the local Snowflake that nothing is refused."""
OWNER = {"SNOWFLAKE_ROLE": "STOCK_OWNER"}
"""For the migrations and the selftest, whose user is the loader's."""


@dataclass(frozen=True)
class Layout:
    """overrides: variables for every service, which win over the demo's. market: the same for the market.

    brokers: properties of each Kafka broker, which win over the demo's. There are as many brokers, and each
        partition has as many replicas, three at most.
    secure: Kafka asks the services for a sign-in over TLS and has rights for each, and they sign in to
        Snowflake by keys. (The stack's own clients use the plain listener and the password.) In any layout
        each service is its own user of Snowflake, with the role that `stock-sf-loader setup` gives it.
    """

    data: Path
    ports: Ports
    overrides: Mapping[str, str] = field(default_factory=dict)
    brokers: Sequence[Mapping[str, object]] = ({},)
    secure: bool = False
    market: Mapping[str, str] = field(default_factory=dict)

    @property
    def certificates(self) -> Path:
        return self.data / "certificates"

    @property
    def keys(self) -> Path:
        """Private keys of Snowflake's users, `<USER>.p8`."""
        return self.data / "keys"

    @property
    def servers(self) -> str:
        """Every broker's plain listener, as clients take them."""
        return self.listeners()

    def listeners(self, kind: str = "") -> str:
        numbers = range(1, len(self.brokers) + 1)
        return ",".join(f"{HOST}:{self.ports[labelled('kafka', number) + kind]}" for number in numbers)

    def log(self, name: str) -> Path:
        return self.data / "logs" / f"{name}.log"

    def url(self, part: str, path: str = "") -> str:
        return f"http://{HOST}:{self.ports[part]}{path}"


def base() -> dict[str, str]:
    """The variables that every process inherits, in UTC."""
    return {name: os.environ[name] for name in INHERITED if name in os.environ} | {
        "TZ": "UTC",
        "PYTHONUNBUFFERED": "1",
    }


def objects(layout: Layout) -> dict[str, str]:
    """S3: the bucket, the endpoint, and keys that no AWS profile of the caller can override."""
    return {
        "S3_BUCKET": BUCKET,
        "S3_ENDPOINT_URL": layout.url("s3"),
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "stock",
        "AWS_SECRET_ACCESS_KEY": "stock-local-secret",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def kafka(layout: Layout, user: str | None = None) -> dict[str, str]:
    """Kafka: the plain listener, or where the layout is secure the one that `user` signs in to."""
    plain = {
        "KAFKA_BOOTSTRAP_SERVERS": layout.servers,
        "KAFKA_REPLICATION_FACTOR": str(min(3, len(layout.brokers))),
    }
    if user is None or not layout.secure:
        return plain
    return plain | {
        "KAFKA_BOOTSTRAP_SERVERS": layout.listeners("-secure"),
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "KAFKA_SASL_USERNAME": user,
        "KAFKA_SASL_PASSWORD": password(user),
        "KAFKA_SSL_CA_LOCATION": str(layout.certificates / AUTHORITY),
    }


def warehouse(layout: Layout, user: str | None = None) -> dict[str, str]:
    """Snowflake as `user` of services.yaml, by the password, or where the layout is secure by its key.

    Without a user it is the administrator's.
    """
    name = f"STOCK_{user.upper()}" if user else ADMINISTRATOR
    credential = {"SNOWFLAKE_PASSWORD": "stock-local-password"}
    if user is not None and layout.secure:
        credential = {"SNOWFLAKE_PRIVATE_KEY_FILE": str(layout.keys / f"{name}.p8")}
    return credential | {
        "SNOWFLAKE_USER": name,
        "SNOWFLAKE_ACCOUNT": "local",
        "SNOWFLAKE_HOST": HOST,
        "SNOWFLAKE_PORT": str(layout.ports["snowflake"]),
        "SNOWFLAKE_PROTOCOL": "http",
        "SNOWFLAKE_DATABASE": "STOCKS",
        "SNOWFLAKE_STORAGE_INTEGRATION": "STOCK_S3",
        "SNOWFLAKE_HOME": str(layout.data / "snowflake-home"),
    }


def symbols() -> str:
    return ",".join(SYMBOLS.read_text().split())


def labelled(name: str, instance: int) -> str:
    """The name of an instance of a part. Only the second and later have a number."""
    return name if instance == 1 else f"{name}-{instance}"


def page(layout: Layout, name: str, instance: int) -> int:
    """The port of a service's page."""
    return layout.ports[labelled(name, instance)]


def service(layout: Layout, name: str, instance: int) -> dict[str, str]:
    """The environment of a service. It is the same for all services, apart from ports and state."""
    label = labelled(name, instance)
    return {
        **base(),
        **kafka(layout, name),
        **objects(layout),
        **warehouse(layout, services()[name].snowflake),
        "QUOTE_SOURCE": "simulated",
        "ALPHA_VANTAGE_URL": layout.url("market", "/query"),
        "ALPHA_VANTAGE_PLAN": "1200",
        "ALPHA_VANTAGE_API_KEY": "demo-stack",
        "MARKET_CALENDAR": "24/7",
        "SYMBOLS": symbols(),
        "ALERT_MOVE_PERCENT": "1",
        "POLL_INTERVAL_SECONDS": "5",
        "FLUSH_SECONDS": "5",
        "LOAD_INTERVAL_SECONDS": "5",
        "AUDIT_INTERVAL_SECONDS": "10",
        "STATE_DIR": str(layout.data / label),
        "METRICS_PORT": str(layout.ports[f"{label}-metrics"]),
        "DASHBOARD_HOST": HOST,
        "DASHBOARD_PORT": str(page(layout, "dashboard", instance)),
        **layout.overrides,
    }
