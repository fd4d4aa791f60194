"""The page of rights on Kafka: a table from services.yaml and the topic job, and the commands for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from stock_kafka.topics import RIGHTS

REGISTRY = Path(__file__).resolve().parents[2] / "services.yaml"
Table = Callable[[Iterable[str], Iterable[Iterable[object]]], str]
START = """\
# Rights on Kafka

Where brokers ask for a sign-in, each service can have a user of its own with these rights and no others, from
[services.yaml](../../services.yaml). The names of the users are free: here each is its service's. The topic
job is `python -m stock_kafka.topics`. `Write` includes what an idempotent producer needs (Kafka 3.0 and
later). `KAFKA_GROUP` is the sink's group. With another name than s3-sink the right is on that.

"""
GRANTS = """
## How to grant them

`admin.properties` signs an administrator in. `Write` and `Read` let a user describe the topic too.

```
"""
END = """```

A user, or a new password for it:

```
kafka-configs.sh --bootstrap-server $BROKERS --command-config admin.properties --alter \\
  --entity-type users --entity-name producer --add-config 'SCRAM-SHA-512=[password=...]'
```

On MSK a user is a secret whose name begins with `AmazonMSK_`, associated with the cluster. There everybody
may do everything with a topic or group until it has its first ACL, and then nobody else may, so grant the
rights of all services at once. With Terraform's MSK each service has such a user. The topic job grants them
these rights (`python -m stock_kafka.topics --grant`, as JSON), and its own user the administration of the
cluster. It takes no right away that an earlier version granted. Sign-in by AWS IAM is not supported.
"""
Rights = Mapping[str, Iterable[Mapping[str, Any]]]


def page(table: Table) -> str:
    given = _given()
    rows = [
        (f"`{user}`", f"{kind} `{name}`", ", ".join(right["allow"]), right.get("for", ""))
        for user, rights in given.items()
        for right in rights
        for kind, name in [_resource(right)]
    ]
    head = ("User", "Topic or group", "Operations", "Only for the auditor's commands")
    return START + table(head, rows) + GRANTS + "\n".join(_commands(given)) + "\n" + END


def _given() -> Rights:
    entries = yaml.safe_load(REGISTRY.read_text())
    return {name: entry.get("kafka", ()) for name, entry in entries.items()} | {"topics": RIGHTS}


def _resource(right: Mapping[str, Any]) -> tuple[str, str]:
    kind = "topic" if "topic" in right else "group"
    return kind, f"{right[kind]}{'*' if right.get('prefix') else ''}"


def _commands(given: Rights) -> Iterator[str]:
    """One a user, kind of resource and set of operations."""
    yield 'acls="kafka-acls.sh --bootstrap-server $BROKERS --command-config admin.properties --add"'
    for user, rights in given.items():
        same: dict[tuple[str, ...], list[str]] = {}
        for right in rights:
            kind, _ = _resource(right)
            pattern = "--resource-pattern-type prefixed " if right.get("prefix") else ""
            operations = " ".join(f"--operation {each}" for each in right["allow"])
            same.setdefault((pattern, operations), []).append(f"--{kind} {right[kind]}")
        for (pattern, operations), resources in same.items():
            yield f"$acls --allow-principal User:{user} {pattern}{operations} {' '.join(resources)}"
