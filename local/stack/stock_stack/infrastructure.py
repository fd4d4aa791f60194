"""The systems around the services as components: S3, Snowflake and the market. Kafka's are in brokers.py."""

from __future__ import annotations

import sys
from pathlib import Path

from stock_stack import ready
from stock_stack.component import Component
from stock_stack.layout import Layout, base, objects, warehouse
from stock_stack.ports import HOST
from stock_stack.registry import REPOSITORY

TOKENS = ("SIGNING", "SIGNING_READ", "FILER_SIGNING", "FILER_SIGNING_READ")
WEED = Path(sys.executable).with_name("weed")


def object_store(layout: Layout) -> Component:
    """SeaweedFS in one process.

    Its other ports ask for no signature of S3. The filer and the master answer no HTTP,
    and the volumes take a request only with a token, which the S3 port makes with the key.
    """
    port = layout.ports["s3"]
    data = layout.data / "s3"
    data.mkdir(parents=True, exist_ok=True)
    command = (
        *(str(WEED), "mini", f"-dir={data}", f"-ip={HOST}", f"-ip.bind={HOST}", *_weed_ports(layout)),
        *(
            "-volume.preStopSeconds=0",
            "-master.telemetry=false",
            "-webdav=false",
            "-admin.ui=false",
            "-s3.autoCreateBucket=false",
            "-disableHttp",
        ),
    )
    given = objects(layout)
    keys = {name: given[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    tokens = {f"WEED_JWT_{name}_KEY": given["AWS_SECRET_ACCESS_KEY"] for name in TOKENS}
    return Component(
        name="s3",
        command=command,
        environment=base() | keys | tokens,
        ready=lambda: ready.http_ok(port, "/healthz"),
        stop_rank=6,
        stop_seconds=5,
    )


def _weed_ports(layout: Layout) -> list[str]:
    """Each is given, because its defaults are ports 8181 and 9101, and all addresses."""
    ports = ["-s3.port.lance=0", "-s3.port.iceberg=0"]
    for part in ("s3", "master", "volume", "filer", "admin"):
        name = part if part == "s3" else f"s3-{part}"
        ports += [f"-{part}.port={layout.ports[name]}", f"-{part}.port.grpc={layout.ports[f'{name}-grpc']}"]
    return ports


def snowflake(layout: Layout) -> Component:
    port = layout.ports["snowflake"]
    settings = {
        "SNOWFLAKE_LISTEN_HOST": HOST,
        "SNOWFLAKE_LISTEN_PORT": str(port),
        "DATA_DIR": str(layout.data / "snowflake"),
    }
    # Short, so that a loader killed inside a transaction does not block its successor for five minutes.
    settings |= {
        "IDLE_TRANSACTION_SECONDS": "5",
        "SNOWFLAKE_PASSWORD": warehouse(layout)["SNOWFLAKE_PASSWORD"],
    }
    environment = base() | objects(layout) | settings
    command = (str(REPOSITORY / "local/snowflake/.venv/bin/stock-snowflake"),)
    return Component(
        "snowflake",
        command,
        environment,
        lambda: ready.http_ok(port, "/healthz"),
        stop_rank=5,
        stop_seconds=10,
    )


def market(layout: Layout) -> Component:
    port = layout.ports["market"]
    environment = base() | {
        "MARKET_HOST": HOST,
        "MARKET_PORT": str(port),
        "MARKET_PLAN": "1200",
        "MARKET_CALENDAR": "24/7",
        **layout.market,
    }
    command = (str(REPOSITORY / "local/market/.venv/bin/stock-market"),)
    return Component(
        "market", command, environment, lambda: ready.http_ok(port, "/healthz"), stop_rank=5, stop_seconds=5
    )


def bucket(layout: Layout) -> Component:
    return Component(
        "bucket",
        (sys.executable, "-m", "stock_stack.bucket"),
        base() | objects(layout),
        needs=("s3",),
        job=True,
    )
