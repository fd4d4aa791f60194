"""The Kafka users of a stack that asks for a sign-in: one a service, with the rights of services.yaml.

The job makes the users and their ACLs, as an administrator does once: `python -m stock_stack.rights`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBindingFilter,
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from stock_kafka import rights
from stock_kafka.rights import Right
from stock_kafka.topics import RIGHTS
from stock_stack.registry import services

TOPIC_JOB = "topics"
SECONDS = 15.0
ITERATIONS = 4_096


def password(user: str) -> str:
    """A password with the characters that other software trips over."""
    return f"{user}: se,cr=et \"x'"


def users() -> dict[str, list[Right]]:
    """User → rights. The topic job has a user too."""
    entries: dict[str, rights.Entries] = {
        **{name: service.kafka for name, service in services().items()},
        TOPIC_JOB: RIGHTS,
    }
    return {user: rights.of(user, given) for user, given in entries.items()}


def set_password(admin: AdminClient, user: str, secret: str) -> None:
    """Makes the user, or changes its password. Open connections go on."""
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS)
    asked = admin.alter_user_scram_credentials([UserScramCredentialUpsertion(user, info, secret.encode())])
    for future in asked.values():
        future.result(SECONDS)


def revoke(admin: AdminClient, taken: Iterable[Right]) -> None:
    for future in admin.delete_acls([AclBindingFilter(**right.pattern) for right in taken]).values():
        future.result(SECONDS)


def main() -> None:
    admin = AdminClient({"bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"]})
    for user, given in users().items():
        set_password(admin, user, password(user))
        rights.grant(admin, given)


if __name__ == "__main__":
    try:
        main()
    except KafkaException as error:
        raise SystemExit(f"Kafka does not make the users: {error.args[0].str()}") from None
