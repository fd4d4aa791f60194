"""setup_kafka.sh for real, with an archive of Kafka's jars in place of the download: twice, then its broker serves the sink."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import boto3
import pytest
from confluent_kafka import Producer
from conftest import INFRA
from moto.server import ThreadedMotoServer

from stock_common import links, records
from stock_common.keys import parse
from stock_common.records import Quote
from stock_kafka.config import KafkaSettings

ROOT = INFRA.parent
JARS = ROOT / ".build/kafka/libs"
SCRIPT = INFRA / "scripts/setup_kafka.sh"
QUOTES = 120


class Host(NamedTuple):
    """A folder that stands for the host, and the script's variables."""

    folder: Path
    environment: dict[str, str]

    def setup(self, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["bash", SCRIPT], env=self.environment | more, capture_output=True, text=True, timeout=180)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def wait(what: str, check: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.3)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert any(JARS.glob("kafka_2.13-3.9.*.jar")), "Kafka's jars are missing: local/stack/env.sh kafka."
    path = tmp_path_factory.mktemp("archive") / "kafka.tgz"
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        tar.add(JARS, "kafka_2.13-3.9.2/libs")
    return path


@pytest.fixture
def host(archive: Path, tmp_path: Path) -> Host:
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    places = {"HOME": "opt/kafka", "DATA": "data", "LOGS": "log", "UNITS": "units"}
    variables = {f"KAFKA_{name}": str(tmp_path / place) for name, place in places.items()}
    ports = {"KAFKA_PORT": str(free_port()), "ZOOKEEPER_PORT": str(free_port())}
    return Host(tmp_path, {"PATH": os.environ["PATH"], "KAFKA_ARCHIVE": str(archive), "KAFKA_USER": user} | variables | ports)


@pytest.fixture
def running(host: Host) -> Iterator[Host]:
    """ZooKeeper and Kafka, started by what their units say."""
    first = host.setup()
    assert first.returncode == 0, first.stderr
    started = []
    try:
        for unit, port in (("zookeeper", "ZOOKEEPER_PORT"), ("kafka", "KAFKA_PORT")):
            text = (host.folder / f"units/{unit}.service").read_text()
            command = shlex.split(re.search(r"^ExecStart=(.*)$", text, re.M)[1])  # type: ignore[index]
            with (host.folder / f"log/{unit}.log").open("wb") as log:
                started.append(subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT))
            address = ("127.0.0.1", int(host.environment[port]))
            wait(unit, lambda address=address: _listens(address))
        yield host
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(60)


def _listens(address: tuple[str, int]) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(address) == 0


def test_twice_changes_nothing_and_the_units_are_right(host: Host) -> None:
    first, second = host.setup(), host.setup()
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert "installed" in first.stdout and "installed" not in second.stdout and "written" not in second.stdout
    units = sorted((host.folder / "units").iterdir())
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and not done.stderr, done.stderr


def test_a_damaged_archive_is_not_installed(host: Host) -> None:
    done = host.setup(KAFKA_SHA512="0" * 128)
    assert done.returncode == 1 and "checksum" in done.stderr
    assert not (host.folder / "opt").exists()


def test_an_archive_of_something_else_is_refused(host: Host, tmp_path: Path) -> None:
    other = tmp_path / "other.tgz"
    with tarfile.open(other, "w:gz") as tar:
        tar.add(SCRIPT, "other/readme")
    done = host.setup(KAFKA_ARCHIVE=str(other))
    assert done.returncode == 1 and "is not Kafka" in done.stderr


def test_the_hosts_own_unit_is_right(tmp_path: Path) -> None:
    # Docker is not on every machine that runs this: a stand-in for its unit and its command.
    unit = (INFRA / "modules/host/files/stock-pipeline.service").read_text().replace("/usr/bin/docker", "/bin/echo")
    (tmp_path / "stock-pipeline.service").write_text(unit)
    (tmp_path / "docker.service").write_text("[Service]\nExecStart=/bin/true\n")
    command = ["systemd-analyze", "verify", tmp_path / "stock-pipeline.service", tmp_path / "docker.service"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and not done.stderr, done.stderr


def test_its_broker_serves_the_sink(running: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    again = running.setup()
    assert again.returncode == 0 and "topic stock-data made" in again.stdout, again.stderr
    assert "made" not in running.setup().stdout
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    sink = None
    try:
        address = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        for name, value in keys.items():
            monkeypatch.setenv(name, value)
        s3 = boto3.client("s3", endpoint_url=address, region_name="us-east-1")
        s3.create_bucket(Bucket="stocks")
        bootstrap = f"localhost:{running.environment['KAFKA_PORT']}"
        _produce(bootstrap)
        environment = keys | {"PATH": os.environ["PATH"], "S3_BUCKET": "stocks", "S3_ENDPOINT_URL": address, "FLUSH_SECONDS": "1"}
        environment |= {"KAFKA_BOOTSTRAP_SERVERS": bootstrap, "METRICS_PORT": str(free_port())}
        with (running.folder / "sink.log").open("wb") as log:
            sink = subprocess.Popen([sys.executable, "-m", "stock_s3_sink"], env=environment, stdout=log, stderr=subprocess.STDOUT)
        wait("rows on S3", lambda: _rows(s3) == QUOTES)
        sink.send_signal(signal.SIGTERM)
        assert sink.wait(40) == 0
    finally:
        if sink and sink.poll() is None:
            sink.kill()
            sink.wait(10)
        server.stop()


def _produce(bootstrap: str) -> None:
    producer = Producer(KafkaSettings(kafka_bootstrap_servers=bootstrap).producer("test"))
    now = datetime.now(UTC)
    for number in range(QUOTES):
        symbol = f"S{number % 12}"
        names = {"event_id": f"00000000-0000-5000-8000-{number:012d}", "symbol": symbol, "source": "simulated", "endpoint": "GLOBAL_QUOTE"}
        quote = Quote(price=Decimal(1), trading_day=now.date(), fetched_at=now, **names)
        producer.produce("stock-data", records.encode(quote), symbol)
    assert producer.flush(30) == 0


def _rows(s3: object) -> int:
    """Rows that the links on S3 say they hold."""
    found = s3.list_objects_v2(Bucket="stocks", Prefix="raw/").get("Contents", ())  # type: ignore[attr-defined]
    heads = [(item["Key"], s3.head_object(Bucket="stocks", Key=item["Key"])["Metadata"]) for item in found]  # type: ignore[attr-defined]
    return sum(links.from_metadata(parse(key), metadata).rows for key, metadata in heads)
