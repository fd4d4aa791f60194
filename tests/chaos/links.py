"""Who speaks to whom, each pair through a proxy of its own, and what makes a process use it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from stock_stack.brokers import SCRAM
from stock_stack.ports import HOST, Ports


class Link(NamedTuple):
    """One process's connections to one server."""

    client: str
    server: str


BROKERS = ("kafka", "kafka-2", "kafka-3")
SERVERS = {
    "producer": ("market", *BROKERS),
    "s3-sink": (*BROKERS, "s3"),
    "s3-sink-2": (*BROKERS, "s3"),
    "sf-loader": ("s3", "snowflake", *BROKERS),
    "sf-loader-2": ("s3", "snowflake", *BROKERS),
    "auditor": (*BROKERS, "s3", "snowflake"),
    **dict.fromkeys(BROKERS, ("zookeeper",)),
    "snowflake": ("s3",),
}
"""Process → the servers it speaks to."""
LINKS = tuple(Link(client, server) for client, servers in SERVERS.items() for server in servers)
SERVICES = ("producer", "s3-sink", "sf-loader", "auditor")


def concerned(target: str) -> list[Link]:
    """The links that a fault of connections is about: a service's own, or all of a server's clients."""
    own = target.removesuffix("-2") in SERVICES
    return [link for link in LINKS if (link.client if own else link.server) == target]


def refusing(target: str) -> list[Link]:
    """Those links whose proxy answers with errors: HTTP and ZooKeeper. kafka_errors.py has Kafka's."""
    return [link for link in concerned(target) if link.server not in BROKERS]


def environment(client: str, listening: Mapping[Link, int]) -> dict[str, str]:
    """The variables that lead `client` to its proxies, which listen on these ports."""
    ports = {link.server: port for link, port in listening.items() if link.client == client}
    found = {}
    if brokers := [f"{HOST}:{ports[name]}" for name in BROKERS if name in ports]:
        found["KAFKA_BOOTSTRAP_SERVERS"] = ",".join(brokers)
    if "s3" in ports:
        found["S3_ENDPOINT_URL"] = f"http://{HOST}:{ports['s3']}"
    if "snowflake" in ports:
        found["SNOWFLAKE_PORT"] = str(ports["snowflake"])
    if "market" in ports:
        found["ALPHA_VANTAGE_URL"] = f"http://{HOST}:{ports['market']}/query"
    return found


def upstream(link: Link, ports: Ports) -> int:
    """The server's own port. Kafka gives a client the address to go on with, so each has a listener."""
    return ports[f"{link.server}-{link.client}"] if link.server in BROKERS else ports[link.server]


def broker(name: str, listening: Mapping[Link, int], ports: Ports, secure: bool = False) -> dict[str, object]:
    """A broker's properties: a listener for each client, advertised as its proxy, and ZooKeeper's proxy.

    A client's listener has the same name at each broker, so that one broker tells it the others' proxies.
    secure: the clients' listeners ask for a sign-in over TLS.
    """
    clients = list(SERVERS)
    names = {link: f"CLIENT{clients.index(link.client)}" for link in listening if link.server == name}
    protocol = "SASL_SSL" if secure else "PLAINTEXT"
    own = f"PLAINTEXT://{HOST}:{ports[name]}"
    kinds = ["PLAINTEXT:PLAINTEXT"]
    if secure:
        # For the job that makes the topics.
        own += f",SASL_SSL://{HOST}:{ports[f'{name}-secure']}"
        kinds.append("SASL_SSL:SASL_SSL")
    return {
        "listeners": ",".join(
            [own, *(f"{name}://{HOST}:{upstream(link, ports)}" for link, name in names.items())]
        ),
        "advertised.listeners": ",".join(
            [own, *(f"{name}://{HOST}:{listening[link]}" for link, name in names.items())]
        ),
        "listener.security.protocol.map": ",".join(
            [*kinds, *(f"{name}:{protocol}" for name in names.values())]
        ),
        **(
            {f"listener.name.{name.lower()}.scram-sha-512.sasl.jaas.config": SCRAM for name in names.values()}
            if secure
            else {}
        ),
        "inter.broker.listener.name": "PLAINTEXT",
        "num.network.threads": 1,
        # A broker that was away leads its share again soon, so that every fault hits leaders.
        "leader.imbalance.check.interval.seconds": 15,
        "zookeeper.connect": f"{HOST}:{listening[Link(name, 'zookeeper')]}",
    }
