"""setup_kafka.sh, with an archive of Kafka's jars in place of the download.

It runs twice, and then its broker serves the producer and the sink.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest
from confluent_kafka import Consumer, TopicPartition
from conftest import INFRA
from moto.server import ThreadedMotoServer
from processes import free_port, listens, producing, wait

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
        return subprocess.run(
            ["bash", SCRIPT], env=self.environment | more, capture_output=True, text=True, timeout=180
        )


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
    return Host(
        tmp_path,
        {"PATH": os.environ["PATH"], "KAFKA_ARCHIVE": str(archive), "KAFKA_USER": user} | variables | ports,
    )


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
            wait(unit, lambda address=address: listens(address))
        yield host
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(60)


def test_twice_changes_nothing_and_the_units_are_right(host: Host) -> None:
    first, second = host.setup(), host.setup()
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert "installed" in first.stdout and "installed" not in second.stdout and "written" not in second.stdout
    units = sorted((host.folder / "units").iterdir())
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and not done.stderr, done.stderr


def test_the_user_has_the_number_that_it_is_given(host: Host, tmp_path: Path) -> None:
    """The data disk outlives the host, and the files on it belong to a number."""
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, text in {"id": "exit 1", "useradd": f'echo "$*" >{tmp_path}/made; exit 1'}.items():
        (commands / name).write_text(f"#!/bin/bash\n{text}\n")
        (commands / name).chmod(0o755)
    path = f"{commands}:{host.environment['PATH']}"
    assert host.setup(PATH=path, KAFKA_UID="10092").returncode == 1
    assert "--uid 10092 --user-group" in (tmp_path / "made").read_text()


def test_a_damaged_archive_is_not_installed(host: Host) -> None:
    done = host.setup(KAFKA_SHA512="0" * 128)
    assert done.returncode == 1 and "checksum" in done.stderr
    assert not (host.folder / "opt").exists()


def test_a_download_is_checked_against_the_script_and_not_against_its_server(
    host: Host, archive: Path, tmp_path: Path
) -> None:
    """A server that gives another archive would give its checksum too."""
    digest = hashlib.sha512(archive.read_bytes()).hexdigest()
    curl = tmp_path / "bin" / "curl"
    curl.parent.mkdir()
    # The last word of the command is the address, the one after --output the place.
    curl.write_text(
        "#!/bin/bash\n"
        f'case ${{!#}} in *.sha512) echo "kafka.tgz: {digest}"; exit ;; esac\n'
        f'while [ "$1" != --output ]; do shift; done\ncp {archive} "$2"\n'
    )
    curl.chmod(0o755)
    variables = {name: value for name, value in host.environment.items() if name != "KAFKA_ARCHIVE"}
    variables["PATH"] = f"{curl.parent}:{variables['PATH']}"
    done = host._replace(environment=variables).setup()
    assert done.returncode == 1
    assert "does not have the checksum 01186a5086b5" in done.stderr
    assert not (host.folder / "opt").exists()
    assert host._replace(environment=variables).setup(KAFKA_SHA512=digest).returncode == 0


def test_an_archive_of_something_else_is_refused(host: Host, tmp_path: Path) -> None:
    other = tmp_path / "other.tgz"
    with tarfile.open(other, "w:gz") as tar:
        tar.add(SCRIPT, "other/readme")
    done = host.setup(KAFKA_ARCHIVE=str(other))
    assert done.returncode == 1 and "is not Kafka" in done.stderr


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
        environment = keys | {
            "PATH": os.environ["PATH"],
            "S3_BUCKET": "stocks",
            "S3_ENDPOINT_URL": address,
            "FLUSH_SECONDS": "1",
        }
        environment |= {"KAFKA_BOOTSTRAP_SERVERS": bootstrap, "METRICS_PORT": str(free_port())}
        with (running.folder / "sink.log").open("wb") as log:
            sink = subprocess.Popen(
                [sys.executable, "-m", "stock_s3_sink"], env=environment, stdout=log, stderr=subprocess.STDOUT
            )
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


def _held(bootstrap: str) -> int:
    """Records that the topic of quotes holds."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "count"})
    try:
        marks = [
            consumer.get_watermark_offsets(TopicPartition("stock-data", number), timeout=10)
            for number in range(6)
        ]
    finally:
        consumer.close()
    return sum(high - low for low, high in marks)


def _rows(s3: Any) -> int:
    """Rows that the links on S3 say they hold."""
    found = s3.list_objects_v2(Bucket="stocks", Prefix="raw/stock-data/").get("Contents", ())
    heads = [(item["Key"], s3.head_object(Bucket="stocks", Key=item["Key"])["Metadata"]) for item in found]
    return sum(links.from_metadata(parse(key), metadata).rows for key, metadata in heads)
