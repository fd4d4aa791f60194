"""A sign-in to Kafka that is refused at the start: every service says it in the same sentence."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from stock_stack import certificates
from stock_stack.brokers import java
from stock_stack.ports import HOST
from stock_stack.services import SERVICES, launcher
from stock_stack.stack import Stack
from stock_testing.poll import poll_until

LOGGED_SECONDS = 60.0
"""After the line that the service has started. It takes 10 s where nothing else runs."""
BY_ITSELF = {"producer"}
"""It ends with 1 and keeps its quotes, once it has one to send."""
pytestmark = pytest.mark.timeout(480)


@pytest.fixture(scope="module")
def other_authority(tmp_path_factory: pytest.TempPathFactory) -> str:
    directory = tmp_path_factory.mktemp("other")
    certificates.make(str(Path(java() or "java").with_name("keytool")), directory)
    return str(directory / certificates.AUTHORITY)


def refused(stack: Stack, service: str, wrong: Mapping[str, str]) -> str:
    """The sentence that the service logs. It must be in the answer of /readyz too, and /healthz is well."""
    log = stack.layout.log(f"{service}-wrong")
    with log.open("w") as output:
        process = subprocess.Popen(
            [launcher(service)], env={**stack.environment(service), **wrong}, stdout=output, stderr=output
        )
    try:
        poll_until(lambda: lines(log, "starting"), f"{service} starts", 180)
        (line, *_) = poll_until(
            lambda: lines(log, "signed out of Kafka"), f"{service} says it", LOGGED_SECONDS
        )
        if service not in BY_ITSELF:
            port = stack.layout.ports[f"{service}-metrics"]
            poll_until(lambda: str(line["reason"]) in not_ready(port), f"{service} is not ready", 30)
            with urlopen(f"http://{HOST}:{port}/healthz", timeout=30) as answer:
                assert answer.read() == b"ok\n"
        return str(line["reason"])
    finally:
        process.kill()
        process.wait(10)


def lines(log: Path, event: str) -> list[dict[str, object]]:
    found = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    return [line for line in found if line["event"] == event]


def not_ready(port: int) -> str:
    with pytest.raises(HTTPError) as caught:
        urlopen(f"http://{HOST}:{port}/readyz", timeout=30)
    assert caught.value.code == 503
    return caught.value.read().decode()


def test_a_wrong_password_is_the_same_sentence_everywhere(secure_stack: Stack) -> None:
    wrong = {"KAFKA_SASL_PASSWORD": "wrong"}
    with ThreadPoolExecutor(len(SERVICES)) as pool:
        (sentence,) = set(pool.map(partial(refused, secure_stack, wrong=wrong), SERVICES))
    assert sentence.startswith(f"Kafka at {HOST}:{secure_stack.layout.ports['kafka-secure']}: ")
    assert "invalid credentials with SASL mechanism SCRAM-SHA-512" in sentence
    assert sentence.endswith("check KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD.")


@pytest.mark.parametrize("service", ["s3-sink", "dashboard"])
def test_a_wrong_mechanism_authority_and_protocol(
    secure_stack: Stack, service: str, other_authority: str
) -> None:
    mechanism = refused(secure_stack, service, {"KAFKA_SASL_MECHANISM": "SCRAM-SHA-256"})
    assert mechanism.endswith("supported mechanisms: SCRAM-SHA-512: check KAFKA_SASL_MECHANISM.")
    authority = refused(secure_stack, service, {"KAFKA_SSL_CA_LOCATION": other_authority})
    assert authority.endswith(": check KAFKA_SSL_CA_LOCATION.")
    nothing = dict.fromkeys(("KAFKA_SASL_MECHANISM", "KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"), "")
    plain = refused(secure_stack, service, nothing | {"KAFKA_SECURITY_PROTOCOL": "PLAINTEXT"})
    assert plain.endswith("the listener hangs up: it speaks TLS, check KAFKA_SECURITY_PROTOCOL.")
