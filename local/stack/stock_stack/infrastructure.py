"""The systems around the services as components: ZooKeeper, Kafka, S3, Snowflake and the market."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from stock_stack import ready
from stock_stack.certificates import KEYS, PASSWORD
from stock_stack.component import Component
from stock_stack.layout import Layout, base, kafka, objects, warehouse
from stock_stack.ports import HOST
from stock_stack.registry import REPOSITORY
from stock_stack.rights import TOPIC_JOB

JARS = REPOSITORY / ".build" / "kafka" / "libs"
ARCHIVED = ("zookeeper", "kafka")
"""The parts with an archive of their classes (archives.py)."""
TOKENS = ("SIGNING", "SIGNING_READ", "FILER_SIGNING", "FILER_SIGNING_READ")
WEED = Path(sys.executable).with_name("weed")

SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
LOG4J = """\
log4j.rootLogger=INFO, stdout
log4j.appender.stdout=org.apache.log4j.ConsoleAppender
log4j.appender.stdout.layout=org.apache.log4j.PatternLayout
log4j.appender.stdout.layout.ConversionPattern=%d{ISO8601} %p %m (%c)%n
log4j.logger.kafka.authorizer.logger=DEBUG
"""


def java() -> str | None:
    """Java's path, None where there is none. system.sh looks at the same places.

    Homebrew's comes before the PATH's: on macOS /usr/bin/java exists and only reports that there is none.
    """
    if home := os.environ.get("JAVA_HOME"):
        return str(Path(home, "bin", "java"))
    prefixes = (os.environ.get("HOMEBREW_PREFIX", "/opt/homebrew"), "/usr/local")
    found = [path for prefix in prefixes if (path := Path(prefix, "opt/openjdk/bin/java")).exists()]
    return str(found[0]) if found else shutil.which("java")


def archive(name: str) -> Path:
    """Where the classes of a Java server are, made ready for the next start."""
    return JARS.parent / f"{name}.jsa"


def _java(layout: Layout, name: str, heap: str, main: str, properties: dict[str, object]) -> tuple[str, ...]:
    """A Java server's command. Its properties are written into the data directory."""
    home = layout.data / name
    home.mkdir(parents=True, exist_ok=True)
    (home / "log4j.properties").write_text(LOG4J)
    (home / "server.properties").write_text("".join(f"{key}={value}\n" for key, value in properties.items()))
    options = (
        f"-Xmx{heap}",
        "-XX:+UseSerialGC",
        "-XX:+ExitOnOutOfMemoryError",
        f"-Dlog4j.configuration=file:{home}/log4j.properties",
        *((f"-XX:SharedArchiveFile={archive(name)}",) if archive(name).exists() else ()),
    )
    return (java() or "java", *options, "-cp", f"{JARS}/*", main, f"{home}/server.properties")


def zookeeper(layout: Layout) -> Component:
    port = layout.ports["zookeeper"]
    properties = {
        "dataDir": layout.data / "zookeeper" / "data",
        "clientPort": port,
        "clientPortAddress": HOST,
        "admin.enableServer": "false",
        "4lw.commands.whitelist": "srvr, dump",
        "maxClientCnxns": 0,
        "tickTime": 1000,
    }
    command = _java(
        layout, "zookeeper", "256m", "org.apache.zookeeper.server.quorum.QuorumPeerMain", properties
    )
    return Component("zookeeper", command, base(), lambda: ready.zookeeper(port), stop_rank=8, stop_seconds=5)


def broker(layout: Layout) -> Component:
    port, zookeeper_port = layout.ports["kafka"], layout.ports["zookeeper"]
    properties = {
        "broker.id": 1,
        "listeners": f"PLAINTEXT://{HOST}:{port}",
        "zookeeper.connect": f"{HOST}:{zookeeper_port}",
        # Short, because a killed broker can come back only after its session has expired.
        "zookeeper.session.timeout.ms": 6000,
        "log.dirs": layout.data / "kafka" / "data",
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 5,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 5,
        "group.initial.rebalance.delay.ms": 0,
        **(_sign_in(layout) if layout.secure else {}),
        **layout.broker,
    }
    command = _java(layout, "kafka", "512m", "kafka.Kafka", properties)
    return Component(
        name="kafka",
        command=command,
        environment=base(),
        ready=lambda: ready.kafka(port),
        may_start=lambda: ready.no_broker(zookeeper_port),
        needs=("zookeeper", "certificates") if layout.secure else ("zookeeper",),
        stop_rank=7,
        stop_seconds=10,
    )


def _sign_in(layout: Layout) -> dict[str, object]:
    """Properties of a broker that asks for a sign-in on a second listener. The plain one allows all."""
    plain, secure = layout.ports["kafka"], layout.ports["kafka-secure"]
    return {
        "listeners": f"PLAINTEXT://{HOST}:{plain},SASL_SSL://{HOST}:{secure}",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": SCRAM,
        "ssl.keystore.type": "PKCS12",
        "ssl.keystore.location": layout.certificates / KEYS,
        "ssl.keystore.password": PASSWORD,
        "authorizer.class.name": "kafka.security.authorizer.AclAuthorizer",
        "super.users": "User:ANONYMOUS",
    }


def certificates(layout: Layout) -> Component:
    keytool = str(Path(java() or "java").with_name("keytool"))
    command = (sys.executable, "-m", "stock_stack.certificates", keytool, str(layout.certificates))
    return Component("certificates", command, base(), job=True)


def users(layout: Layout) -> Component:
    command = (sys.executable, "-m", "stock_stack.rights")
    return Component("users", command, base() | kafka(layout), needs=("kafka",), job=True)


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


def topics(layout: Layout) -> Component:
    return Component(
        "topics",
        (sys.executable, "-m", "stock_kafka.topics"),
        base() | kafka(layout, TOPIC_JOB),
        needs=("users",) if layout.secure else ("kafka",),
        job=True,
    )
