"""The Kafka users of a stack that asks for a sign-in: one a service, with the rights of services.yaml.

The job makes the users and their ACLs, as an administrator does once: `python -m stock_stack.rights`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from stock_kafka.topics import RIGHTS
from stock_stack.registry import services

TOPIC_JOB = "topics"
SECONDS = 15.0
ITERATIONS = 4_096
_WORDS = {"DescribeConfigs": "DESCRIBE_CONFIGS"}


class Right(NamedTuple):
    """The user may do `operation` with the topic or group of this name, or of each name that begins so."""

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


def password(user: str) -> str:
    """A password with the characters that other software trips over."""
    return f"{user}: se,cr=et \"x'"


def users() -> dict[str, list[Right]]:
    """User → rights. The topic job has a user too."""
    entries: dict[str, Iterable[Mapping[str, Any]]] = {
        **{name: service.kafka for name, service in services().items()},
        TOPIC_JOB: RIGHTS,
    }
    return {
        user: [right for entry in given for right in _rights(user, entry)] for user, given in entries.items()
    }


def _rights(user: str, entry: Mapping[str, Any]) -> list[Right]:
    kind = "topic" if "topic" in entry else "group"
    return [
        Right(user, kind, entry[kind], entry.get("prefix", False), operation) for operation in entry["allow"]
    ]


def set_password(admin: AdminClient, user: str, secret: str) -> None:
    """Makes the user, or changes its password. Open connections go on."""
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS)
    asked = admin.alter_user_scram_credentials([UserScramCredentialUpsertion(user, info, secret.encode())])
    for future in asked.values():
        future.result(SECONDS)


def grant(admin: AdminClient, rights: Iterable[Right]) -> None:
    for future in admin.create_acls([AclBinding(**right.pattern) for right in rights]).values():
        future.result(SECONDS)


def revoke(admin: AdminClient, rights: Iterable[Right]) -> None:
    for future in admin.delete_acls([AclBindingFilter(**right.pattern) for right in rights]).values():
        future.result(SECONDS)


def main() -> None:
    admin = AdminClient({"bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"]})
    for user, rights in users().items():
        set_password(admin, user, password(user))
        grant(admin, rights)


if __name__ == "__main__":
    try:
        main()
    except KafkaException as error:
        raise SystemExit(f"Kafka does not make the users: {error.args[0].str()}") from None
