from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from chains import Chains

from stock_lake.config import LakeSettings
from stock_objects.store import ObjectStore
from stock_objects.testing import MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def chains(store: MemoryStore) -> Chains:
    return Chains(store)


def free_ports(count: int) -> list[int]:
    """Below 55536, because each server takes its port + 10000 too."""
    held: list[socket.socket] = []
    while len(held) < count:
        taken = socket.socket()
        taken.bind(("127.0.0.1", 0))
        if taken.getsockname()[1] < 55536:
            held.append(taken)
    ports = [taken.getsockname()[1] for taken in held]
    for taken in held:
        taken.close()
    return ports


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real S3 server on loopback; its address."""
    s3, *others = free_ports(5)
    names = zip(("master", "volume", "filer", "admin"), others, strict=True)
    command = [
        Path(sys.executable).with_name("weed"),
        "mini",
        f"-dir={tmp_path_factory.mktemp('s3')}",
        *(f"-{part}.port={port}" for part, port in names),
        *(f"-s3.port={s3}", "-s3.port.lance=0", "-s3.port.iceberg=0", "-s3.autoCreateBucket=false"),
        *(
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-master.telemetry=false",
            "-webdav=false",
            "-admin.ui=false",
        ),
    ]
    os.environ |= {"AWS_ACCESS_KEY_ID": "stock", "AWS_SECRET_ACCESS_KEY": "stock-secret"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(f"http://127.0.0.1:{s3}/healthz", process)
        yield f"http://127.0.0.1:{s3}"
    finally:
        process.terminate()
        process.wait(20)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        assert process.poll() is None, "the S3 server ended"
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    pytest.fail("the S3 server did not get ready within 30 s")


@pytest.fixture
def settings(server: str, tmp_path: Path, request: pytest.FixtureRequest) -> LakeSettings:
    """A bucket and a state folder of its own for each test."""
    name = f"t{abs(hash(request.node.nodeid)):x}"[:40]
    boto3.client("s3", endpoint_url=server, region_name="us-east-1").create_bucket(Bucket=name)
    return LakeSettings(s3_bucket=name, s3_endpoint_url=server, state_dir=str(tmp_path))


@pytest.fixture
def real(settings: LakeSettings) -> ObjectStore:
    return ObjectStore(settings)
