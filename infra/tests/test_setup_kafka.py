"""setup_kafka.sh for real, with an archive of Kafka's jars in place of the download: twice, then its broker serves producer and sink."""

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
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import boto3
import pytest
from confluent_kafka import Consumer, TopicPartition
from conftest import INFRA
from moto.server import ThreadedMotoServer

from stock_common import links
from stock_common.keys import parse

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


def test_its_broker_serves_producer_and_sink(running: Host, monkeypatch: pytest.MonkeyPatch) -> None:
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
        environment = keys | {"PATH": os.environ["PATH"], "S3_BUCKET": "stocks", "S3_ENDPOINT_URL": address, "FLUSH_SECONDS": "1"}
        environment |= {"KAFKA_BOOTSTRAP_SERVERS": bootstrap, "METRICS_PORT": str(free_port())}
        with (running.folder / "sink.log").open("wb") as log:
            sink = subprocess.Popen([sys.executable, "-m", "stock_s3_sink"], env=environment, stdout=log, stderr=subprocess.STDOUT)
        with producing(running.folder, bootstrap):
            wait("rows on S3", lambda: _rows(s3) >= QUOTES)
        wait("everything that the broker holds on S3", lambda: _rows(s3) == _held(bootstrap))
        sink.send_signal(signal.SIGTERM)
        assert sink.wait(40) == 0
    finally:
        if sink and sink.poll() is None:
            sink.kill()
            sink.wait(10)
        server.stop()


@contextmanager
def producing(folder: Path, bootstrap: str) -> Iterator[None]:
    """The pipeline's own producer, as the integration tests run it, against the market that stands in for the vendor."""
    port = str(free_port())
    common = {"PATH": os.environ["PATH"], "MARKET_CALENDAR": "24/7"}
    market = common | {"MARKET_HOST": "127.0.0.1", "MARKET_PORT": port, "MARKET_PLAN": "1200"}
    producer = common | {
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap, "KAFKA_REPLICATION_FACTOR": "1", "QUOTE_SOURCE": "simulated", "ALPHA_VANTAGE_PLAN": "1200",
        "ALPHA_VANTAGE_API_KEY": "test", "ALPHA_VANTAGE_URL": f"http://127.0.0.1:{port}/query", "POLL_INTERVAL_SECONDS": "1",
        "SYMBOLS": ",".join(f"S{number}" for number in range(24)), "STATE_DIR": str(folder / "state"), "METRICS_PORT": str(free_port()),
    }  # fmt: skip
    started = []
    try:
        for name, place, environment in (("stock-market", "local/market", market), ("stock-producer", "services/producer", producer)):
            with (folder / f"{name}.log").open("wb") as log:
                started.append(subprocess.Popen([ROOT / place / ".venv/bin" / name], env=environment, stdout=log, stderr=subprocess.STDOUT))
            if name == "stock-market":
                wait(name, lambda: _listens(("127.0.0.1", int(port))))
        yield
        started[-1].send_signal(signal.SIGTERM)
        assert started[-1].wait(40) == 0
    finally:
        for process in started:
            if process.poll() is None:
                process.kill()
                process.wait(10)


def _held(bootstrap: str) -> int:
    """Records that the topic of quotes holds."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "count"})
    try:
        marks = [consumer.get_watermark_offsets(TopicPartition("stock-data", number), timeout=10) for number in range(6)]
    finally:
        consumer.close()
    return sum(high - low for low, high in marks)


def _rows(s3: object) -> int:
    """Rows that the links on S3 say they hold."""
    found = s3.list_objects_v2(Bucket="stocks", Prefix="raw/stock-data/").get("Contents", ())  # type: ignore[attr-defined]
    heads = [(item["Key"], s3.head_object(Bucket="stocks", Key=item["Key"])["Metadata"]) for item in found]  # type: ignore[attr-defined]
    return sum(links.from_metadata(parse(key), metadata).rows for key, metadata in heads)
