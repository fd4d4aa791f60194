"""The whole pipeline over TLS, one Kafka user a service, each with exactly the rights of services.yaml.

Its services sign in to Snowflake by keys.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple

import pytest
from confluent_kafka.admin import AdminClient
from snowflake.connector.errors import Error

from stock_common.records import encode
from stock_common.topics import DEAD_LETTERS
from stock_kafka.cluster import Unreachable
from stock_kafka.rights import Right, grant
from stock_stack import rights
from stock_stack.database import connect, new_key
from stock_stack.layout import kafka, warehouse
from stock_stack.ports import HOST
from stock_stack.registry import services
from stock_stack.services import SERVICES
from stock_stack.stack import Stack
from stock_testing import messages
from stock_testing.pipeline import Pipeline
from stock_testing.poll import poll_until
from stock_testing.quotes import quote, send

REPAIR = "import json, sys; q = json.load(sys.stdin); q['volume'] = int(q['volume']); print(json.dumps(q))"
NOT_TRIED = {
    ("producer", "stock-bars", "Write"),  # only a backfill writes bars,
    ("auditor", "stock-bars", "Read"),  # and only their offsets are looked at here
    ("auditor", "stock-alerts", "Write"),  # a replay as the one that is tried here, of other topics
    ("auditor", "stock-bars", "Write"),
}
_LINE = re.compile(
    r"Principal = User:(\S+) is (Allowed|Denied) operation = (\w+) from host = \S+ "
    r"on resource = (Topic|Group|Cluster|TransactionalId):LITERAL:(\S+) for",
    re.I,
)
SIGNED_OUT_SECONDS = 90.0
pytestmark = pytest.mark.timeout(480)


class Use(NamedTuple):
    """The broker was asked for this, and whether it was allowed."""

    user: str
    allowed: bool
    operation: str
    kind: str
    name: str


@pytest.fixture(scope="module")
def secure(secure_stack: Stack) -> Iterator[Pipeline]:
    secure_stack.start(*SERVICES)
    with closing(Pipeline(secure_stack)) as pipeline:
        yield pipeline
        for service in {*SERVICES} & {*secure_stack.running()}:
            secure_stack.stop(service)


def admin(pipeline: Pipeline) -> AdminClient:
    return AdminClient({"bootstrap.servers": pipeline.servers})


def uses(pipeline: Pipeline) -> set[Use]:
    """What the services' users have asked the broker for, by its authorizer's log."""
    text = pipeline.stack.layout.log("kafka").read_text(errors="replace")
    return {
        Use(user, verdict.lower() == "allowed", operation, kind.lower(), name)
        for user, verdict, operation, kind, name in _LINE.findall(text)
        if user != "ANONYMOUS"
    }


def covers(right: Right, use: Use) -> bool:
    """Whether the use needs the right. (Read and Write let a user describe, which is no need for them.)"""
    named = use.name.startswith(right.name) if right.is_prefix else use.name == right.name
    return (
        named
        and (right.user, right.kind) == (use.user, use.kind)
        and right.operation.lower() == use.operation.lower()
    )


def state(pipeline: Pipeline, service: str, path: str) -> tuple[int, str]:
    """Status and text of the service's answer, 0 while nobody listens."""
    port = pipeline.stack.layout.ports[f"{service}-metrics"]
    with closing(HTTPConnection(HOST, port, timeout=30)) as connection, suppress(OSError, HTTPException):
        connection.request("GET", path)
        return (answer := connection.getresponse()).status, answer.read().decode().strip()
    return 0, ""


def wait_until_ready(pipeline: Pipeline, service: str) -> None:
    poll_until(
        lambda: state(pipeline, service, "/readyz")[0] == 200, f"{service} is back", SIGNED_OUT_SECONDS
    )


def lines(pipeline: Pipeline, service: str) -> list[dict[str, object]]:
    text = pipeline.stack.layout.log(service).read_text()
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def start_broker_again(pipeline: Pipeline) -> None:
    """Ends every connection. Returns when the partitions have a leader. The producer may end meanwhile."""
    pipeline.stack.kill("kafka")
    pipeline.stack.restart("kafka")

    def has_leaders() -> bool:
        with suppress(Unreachable):
            return bool(pipeline.progress.read(0.5))
        return False

    poll_until(has_leaders, "the broker leads its partitions", 60)


def poison(pipeline: Pipeline) -> None:
    """Sends a quote that the sink refuses, and waits for its dead letter."""
    value = json.loads(encode(quote(1))) | {"volume": "1"}
    send(pipeline, [("AAPL", json.dumps(value).encode())])
    poll_until(lambda: list(messages.read(pipeline.servers, DEAD_LETTERS)), "a dead letter", 60)


def test_every_right_is_needed_and_none_is_missing(secure: Pipeline) -> None:
    poison(secure)
    secure.command("auditor", "replay", "--edit", f'{sys.executable} -c "{REPAIR}"')
    secure.command("auditor", "status", "list")
    secure.command("auditor", "decisions", "list")
    secure.more_quotes(100, 90)
    with secure.still():
        secure.check_complete()
    asked = uses(secure)
    assert [use for use in asked if not use.allowed] == []
    given = [right for granted in rights.users().values() for right in granted]
    idle = [right for right in given if not any(covers(right, use) for use in asked)]
    assert {(right.user, right.name, right.operation) for right in idle} == NOT_TRIED


@contextmanager
def revoked(pipeline: Pipeline, user: str, name: str) -> Iterator[None]:
    """The user has no right on the topic or group meanwhile."""
    taken = [right for right in rights.users()[user] if right.name == name]
    rights.revoke(admin(pipeline), taken)
    try:
        yield
    finally:
        grant(admin(pipeline), taken)


def test_a_missing_right_is_named_and_not_repeated(secure: Pipeline) -> None:
    secure.stack.stop("dashboard")
    with revoked(secure, "dashboard", "dashboard-"):
        assert secure.stack.launch("dashboard")

        def warnings() -> list[dict[str, object]]:
            return [line for line in lines(secure, "dashboard") if "advice" in line]

        (line, *_) = poll_until(warnings, "the missing right is named", 60)
        assert "kafka-rights.md" in str(line["advice"]) and "dashboard-live-" in str(line["group"])
        poll_until(lambda: len([x for x in uses(secure) if not x.allowed]) > 0, "it was refused", 60)
        assert len([each for each in warnings() if each["event"] == line["event"]]) == 1
    wait_until_ready(secure, "dashboard")


def test_signed_out_is_not_ready_with_one_sentence_and_heals(secure: Pipeline) -> None:
    waiting = [service for service in SERVICES if service != "producer"]
    for user in SERVICES:
        rights.set_password(admin(secure), user, "changed")
    start_broker_again(secure)
    for service in waiting:
        _code, text = poll_until(
            lambda service=service: (found := state(secure, service, "/readyz"))[0] == 503 and found,
            f"{service} is not ready",
            SIGNED_OUT_SECONDS,
        )
        assert text.endswith("check KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD."), (service, text)
        assert "invalid credentials" in text
    poll_until(lambda: "producer" not in secure.stack.running(), "the producer gives up", SIGNED_OUT_SECONDS)
    assert secure.stack.ended() == {"producer": 1}
    assert "check KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD." in str(lines(secure, "producer")[-2:])
    for service in waiting:

        def reasons(service: str = service) -> list[object]:
            return [x["reason"] for x in lines(secure, service) if x["event"] == "signed out of Kafka"]

        assert len(poll_until(reasons, f"{service} logs it", SIGNED_OUT_SECONDS)) == 1, (service, reasons())
    for user in SERVICES:
        rights.set_password(admin(secure), user, rights.password(user))
    assert secure.stack.launch("producer")
    for service in SERVICES:
        wait_until_ready(secure, service)
    secure.more_quotes(50, 90)
    with secure.still():
        secure.check_complete()


def test_users_are_replaced_one_service_after_the_other_without_loss(secure: Pipeline) -> None:
    """docs/how-to/operations.md, "Keys, without downtime"."""
    layout = secure.stack.layout
    for user, granted in rights.users().items():
        rights.set_password(admin(secure), f"{user}-2", "next")
        grant(admin(secure), [right._replace(user=f"{user}-2") for right in granted])
    for service in SERVICES:
        new = kafka(layout, f"{service}-2") | {"KAFKA_SASL_PASSWORD": "next"}
        secure.stack.stop(service)
        secure.stack.start(service, environment=new)
        rights.set_password(admin(secure), service, "removed")
        rights.revoke(admin(secure), rights.users()[service])
    start_broker_again(secure)
    secure.more_quotes(50, 90)
    with secure.still():
        secure.check_complete()
    assert {use.user for use in uses(secure)} >= {f"{service}-2" for service in SERVICES}
    assert [use for use in uses(secure) if not use.allowed and use.user.endswith("-2")] == []
    for service in SERVICES:
        assert state(secure, service, "/readyz") == (200, "ok"), service


def test_keys_are_replaced_one_service_after_the_other_without_loss(secure: Pipeline) -> None:
    """docs/how-to/operations.md, "Keys, without downtime"."""
    layout = secure.stack.layout
    users = {name: f"STOCK_{user.upper()}" for name, it in services().items() if (user := it.snowflake)}
    with connect(warehouse(layout)) as connection:
        administrator = connection.cursor()
        for service, user in users.items():
            file = layout.keys / f"{user}-2.p8"
            administrator.execute(f"ALTER USER {user} SET RSA_PUBLIC_KEY_2 = '{new_key(file)}'")
            signed_in = {**secure.stack.environment(service), "SNOWFLAKE_PRIVATE_KEY_FILE": str(file)}
            secure.stack.stop(service)
            secure.stack.start(service, environment=signed_in)
            administrator.execute(f"ALTER USER {user} UNSET RSA_PUBLIC_KEY")
    secure.stack.restart("snowflake")
    with pytest.raises(Error, match="JWT token is invalid"):
        connect(warehouse(layout, "loader"))
    secure.more_quotes(50, 90)
    with secure.still():
        secure.check_complete()
