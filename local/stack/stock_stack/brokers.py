"""Kafka and ZooKeeper as components, and the jobs that make certificates, users and topics."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from stock_stack import ready
from stock_stack.certificates import KEYS, PASSWORD
from stock_stack.component import Component
from stock_stack.layout import Layout, base, kafka, labelled
from stock_stack.ports import HOST
from stock_stack.registry import REPOSITORY
from stock_stack.rights import TOPIC_JOB

JARS = REPOSITORY / ".build" / "kafka" / "libs"
ARCHIVED = ("zookeeper", "kafka")
"""The parts with an archive of their classes (archives.py)."""
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
    classes = archive(name.partition("-")[0])
    options = (
        f"-Xmx{heap}",
        "-XX:+UseSerialGC",
        "-XX:+ExitOnOutOfMemoryError",
        f"-Dlog4j.configuration=file:{home}/log4j.properties",
        *((f"-XX:SharedArchiveFile={classes}",) if classes.exists() else ()),
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


def names(layout: Layout) -> tuple[str, ...]:
    """The brokers' names: kafka, kafka-2 and so on."""
    return tuple(labelled("kafka", number) for number in range(1, len(layout.brokers) + 1))


def broker(layout: Layout, number: int = 1) -> Component:
    name, zookeeper_port = labelled("kafka", number), layout.ports["zookeeper"]
    port, replicas = layout.ports[name], min(3, len(layout.brokers))
    in_sync = min(2, replicas)
    properties = {
        "broker.id": number,
        "listeners": f"PLAINTEXT://{HOST}:{port}",
        "zookeeper.connect": f"{HOST}:{zookeeper_port}",
        # Short, because a killed broker can come back only after its session has expired.
        "zookeeper.session.timeout.ms": 6000,
        "log.dirs": disk(layout, number),
        "auto.create.topics.enable": "false",
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": replicas,
        "offsets.topic.num.partitions": 5,
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": in_sync,
        "transaction.state.log.num.partitions": 5,
        "group.initial.rebalance.delay.ms": 0,
        **(_sign_in(layout, name) if layout.secure else {}),
        **layout.brokers[number - 1],
    }
    command = _java(layout, name, "512m", "kafka.Kafka", properties)
    return Component(
        name=name,
        command=command,
        environment=base(),
        ready=lambda: ready.kafka(port, number),
        may_start=lambda: ready.no_broker(zookeeper_port, number),
        needs=("zookeeper", "certificates") if layout.secure else ("zookeeper",),
        stop_rank=7,
        stop_seconds=10,
    )


def disk(layout: Layout, number: int = 1) -> Path:
    """Where a broker keeps its logs."""
    return layout.data / labelled("kafka", number) / "data"


def _sign_in(layout: Layout, name: str) -> dict[str, object]:
    """Properties of a broker that asks for a sign-in on a second listener. The plain one allows all."""
    plain, secure = layout.ports[name], layout.ports[f"{name}-secure"]
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
    return Component("users", command, base() | kafka(layout), needs=names(layout), job=True)


def topics(layout: Layout) -> Component:
    return Component(
        "topics",
        (sys.executable, "-m", "stock_kafka.topics"),
        base() | kafka(layout, TOPIC_JOB),
        needs=("users",) if layout.secure else names(layout),
        job=True,
    )
