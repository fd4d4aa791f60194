"""The topic job with --grant on a broker as MSK's: everybody may do everything until the first ACL."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AclBinding, AdminClient

from stock_common.run import FatalError
from stock_common.topics import QUOTES, STATUS
from stock_kafka import rights
from stock_kafka.cluster import describe
from stock_kafka.config import KafkaSettings
from stock_stack.layout import Layout, kafka
from stock_stack.ports import free
from stock_stack.registry import services
from stock_stack.rights import TOPIC_JOB, password, set_password
from stock_stack.stack import Stack
from stock_testing.pipeline import QUICK

SECONDS = 60.0
pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    """A broker whose users exist, and have no right yet."""
    everybody = {"allow.everyone.if.no.acl.found": "true"}
    layout = Layout(tmp_path_factory.mktemp("msk"), free(), QUICK, brokers=(everybody,), secure=True)
    with Stack(layout, print) as stack:
        stack.start("kafka")
        admin = AdminClient({"bootstrap.servers": layout.servers})
        for user in (*services(), TOPIC_JOB):
            set_password(admin, user, password(user))
        yield layout


def job(layout: Layout) -> str:
    """Runs it as Terraform does, as its own user. Returns what it prints."""
    wanted = json.dumps({name: list(service.kafka) for name, service in services().items()})
    command = [sys.executable, "-m", "stock_kafka.topics", "--grant", wanted]
    environment = {**kafka(layout, TOPIC_JOB), "KAFKA_REPLICATION_FACTOR": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    return done.stdout


def client(layout: Layout, user: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    for name, value in kafka(layout, user).items():
        monkeypatch.setenv(name, value)
    return KafkaSettings().client(user)


def produced(config: dict[str, object], topic: str) -> KafkaError | None:
    errors: list[KafkaError | None] = []
    producer = Producer({**config, "message.timeout.ms": int(SECONDS * 1_000)})
    producer.produce(topic, b"x", b"key", on_delivery=lambda error, message: errors.append(error))
    producer.flush(SECONDS)
    (error,) = errors
    return error


def test_the_first_run_closes_the_cluster_and_a_second_changes_nothing(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Topics made: stock-data" in job(layout)
    again = job(layout)
    assert "none, all were there" in again
    assert f"Rights granted: {', '.join(sorted(services()))}. The cluster is topics's to administer." in again
    loader = client(layout, "sf-loader", monkeypatch)
    assert produced(loader, STATUS.name) is None
    with pytest.raises(FatalError, match=QUOTES.name):
        describe(AdminClient(loader), [QUOTES.name])


def test_nobody_else_may_change_rights(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    job(layout)
    admin = AdminClient(client(layout, "sf-loader", monkeypatch))
    (taken,) = rights.of("sf-loader", [{"topic": QUOTES.name, "allow": ["Write"]}])
    (asked,) = admin.create_acls([AclBinding(**taken.pattern)]).values()
    with pytest.raises(KafkaException) as caught:
        asked.result(SECONDS)
    assert caught.value.args[0].code() == KafkaError.CLUSTER_AUTHORIZATION_FAILED
