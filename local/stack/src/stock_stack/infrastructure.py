"""The systems that the services talk to: ZooKeeper, Kafka, S3, Snowflake and the market, each as a component."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from stock_stack import ready
from stock_stack.component import Component
from stock_stack.ports import HOST
from stock_stack.site import REPOSITORY, Site, base, kafka, objects

JARS = REPOSITORY / ".build" / "kafka" / "libs"
WEED = Path(sys.executable).with_name("weed")

LOG4J = """\
log4j.rootLogger=INFO, stdout
log4j.appender.stdout=org.apache.log4j.ConsoleAppender
log4j.appender.stdout.layout=org.apache.log4j.PatternLayout
log4j.appender.stdout.layout.ConversionPattern=%d{ISO8601} %p %m (%c)%n
"""


def _java(site: Site, name: str, heap: str, main: str, properties: dict[str, object]) -> tuple[str, ...]:
    """A Java server's command; its properties are written into the data directory."""
    home = site.data / name
    home.mkdir(parents=True, exist_ok=True)
    (home / "log4j.properties").write_text(LOG4J)
    (home / "server.properties").write_text("".join(f"{key}={value}\n" for key, value in properties.items()))
    java_home = os.environ.get("JAVA_HOME")
    java = str(Path(java_home, "bin", "java")) if java_home else shutil.which("java") or "java"
    options = (f"-Xmx{heap}", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", f"-Dlog4j.configuration=file:{home}/log4j.properties")
    return (java, *options, "-cp", f"{JARS}/*", main, f"{home}/server.properties")


def zookeeper(site: Site) -> Component:
    port = site.ports["zookeeper"]
    properties = {
        "dataDir": site.data / "zookeeper" / "data",
        "clientPort": port,
        "clientPortAddress": HOST,
        "admin.enableServer": "false",
        "4lw.commands.whitelist": "srvr, dump",
        "maxClientCnxns": 0,
        "tickTime": 1000,
    }
    command = _java(site, "zookeeper", "256m", "org.apache.zookeeper.server.quorum.QuorumPeerMain", properties)
    return Component("zookeeper", command, base(), lambda: ready.zookeeper(port), stop_rank=8, stop_seconds=5)


def broker(site: Site) -> Component:
    port, zookeeper_port = site.ports["kafka"], site.ports["zookeeper"]
    properties = {
        "broker.id": 1,
        "listeners": f"PLAINTEXT://{HOST}:{port}",
        "zookeeper.connect": f"{HOST}:{zookeeper_port}",
        # A broker that was killed can come back when its session has expired: soon.
        "zookeeper.session.timeout.ms": 6000,
        "log.dirs": site.data / "kafka" / "data",
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 5,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 5,
        "group.initial.rebalance.delay.ms": 0,
        **site.broker,
    }
    command = _java(site, "kafka", "512m", "kafka.Kafka", properties)
    return Component(
        name="kafka",
        command=command,
        environment=base(),
        ready=lambda: ready.kafka(port),
        may_start=lambda: ready.no_broker(zookeeper_port),
        needs=("zookeeper",),
        stop_rank=7,
        stop_seconds=10,
    )


def object_store(site: Site) -> Component:
    """SeaweedFS in one process. Every port is given: left alone it takes 8181 and 9101 too, and it listens on all addresses."""
    port = site.ports["s3"]
    data = site.data / "s3"
    data.mkdir(parents=True, exist_ok=True)
    ports = [f"-s3.port={port}", f"-s3.port.grpc={site.ports['s3-grpc']}", "-s3.port.lance=0", "-s3.port.iceberg=0"]
    for part in ("master", "volume", "filer", "admin"):
        ports += [f"-{part}.port={site.ports[f's3-{part}']}", f"-{part}.port.grpc={site.ports[f's3-{part}-grpc']}"]
    command = (
        *(str(WEED), "mini", f"-dir={data}", f"-ip={HOST}", f"-ip.bind={HOST}", *ports),
        *("-volume.preStopSeconds=0", "-master.telemetry=false", "-webdav=false", "-admin.ui=false", "-s3.autoCreateBucket=false"),
    )
    keys = {name: value for name, value in objects(site).items() if name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    return Component("s3", command, base() | keys, lambda: ready.http_ok(port, "/healthz"), stop_rank=6, stop_seconds=5)


def snowflake(site: Site) -> Component:
    port = site.ports["snowflake"]
    settings = {"SNOWFLAKE_LISTEN_HOST": HOST, "SNOWFLAKE_LISTEN_PORT": str(port), "DATA_DIR": str(site.data / "snowflake")}
    # Short, so that a loader that was killed inside a transaction does not block its successor for Snowflake's five minutes.
    environment = base() | objects(site) | settings | {"IDLE_TRANSACTION_SECONDS": "5"}
    command = (str(REPOSITORY / "local/snowflake/.venv/bin/stock-snowflake"),)
    return Component("snowflake", command, environment, lambda: ready.http_ok(port, "/healthz"), stop_rank=5, stop_seconds=5)


def market(site: Site) -> Component:
    port = site.ports["market"]
    environment = base() | {"MARKET_HOST": HOST, "MARKET_PORT": str(port), "MARKET_PLAN": "1200", "MARKET_CALENDAR": "24/7"}
    command = (str(REPOSITORY / "local/market/.venv/bin/stock-market"),)
    return Component("market", command, environment, lambda: ready.http_ok(port, "/healthz"), stop_rank=5, stop_seconds=5)


def bucket(site: Site) -> Component:
    return Component("bucket", (sys.executable, "-m", "stock_stack.bucket"), base() | objects(site), needs=("s3",), job=True)


def topics(site: Site) -> Component:
    return Component("topics", (sys.executable, "-m", "stock_kafka.topics"), base() | kafka(site), needs=("kafka",), job=True)
