"""Rights of Kafka users as ACLs, from entries in the form of services.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from stock_common.run import FatalError

CALL_SECONDS = 15.0
CLUSTER = "kafka-cluster"
"""The one name of a resource of the kind `broker` (the cluster)."""
_WORDS = {"DescribeConfigs": "DESCRIBE_CONFIGS", "AlterConfigs": "ALTER_CONFIGS"}
Entries = Iterable[Mapping[str, Any]]


class Right(NamedTuple):
    """The user may do `operation` with the resource of this name, or of each name that begins so."""

    user: str
    kind: str
    name: str
    is_prefix: bool
    operation: str

    @property
    def pattern(self) -> dict[str, Any]:
        """It as the arguments of an ACL, from any host."""
        return {
            "restype": ResourceType[self.kind.upper()],
            "name": self.name,
            "resource_pattern_type": ResourcePatternType["PREFIXED" if self.is_prefix else "LITERAL"],
            "principal": f"User:{self.user}",
            "host": "*",
            "operation": AclOperation[_WORDS.get(self.operation, self.operation.upper())],
            "permission_type": AclPermissionType.ALLOW,
        }


def of(user: str, entries: Entries) -> list[Right]:
    """Raises KeyError or TypeError where an entry has another form."""
    return [
        Right(user, kind, entry[kind], entry.get("prefix", False), operation)
        for entry in entries
        for kind in ["topic" if "topic" in entry else "group"]
        for operation in entry["allow"]
    ]


def administrator(user: str) -> list[Right]:
    """The cluster is the user's to administer.

    Where everybody may do everything until a resource has an ACL (MSK), nobody else may from then on.
    """
    operations = ("Alter", "Describe", "Create", "DescribeConfigs")
    return [Right(user, "broker", CLUSTER, False, operation) for operation in operations]


def grant(admin: AdminClient, rights: Iterable[Right]) -> None:
    """Grants them in one request, those that are there again. Raises FatalError with the broker's reason."""
    for future in admin.create_acls([AclBinding(**right.pattern) for right in rights]).values():
        try:
            future.result(CALL_SECONDS)
        except KafkaException as error:
            raise FatalError(f"Kafka does not grant the services' rights: {error.args[0].str()}") from None
