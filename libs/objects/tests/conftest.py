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

from stock_objects.config import ObjectSettings
from stock_objects.store import ObjectStore
from stock_objects.testing import MemoryStore

Store = ObjectStore | MemoryStore


def free_ports(count: int) -> list[int]:
    """Below 55536, because each server takes its port + 10000 too."""
    held = []
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
    ports = [
        f"-{part}.port={port}"
        for part, port in zip(("master", "volume", "filer", "admin"), others, strict=True)
    ]
    flags = [
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-master.telemetry=false",
        "-webdav=false",
        "-admin.ui=false",
        "-s3.autoCreateBucket=false",
    ]
    command = [
        Path(sys.executable).with_name("weed"),
        "mini",
        f"-dir={tmp_path_factory.mktemp('s3')}",
        f"-s3.port={s3}",
        *ports,
        *flags,
    ]
    os.environ |= {"AWS_ACCESS_KEY_ID": "stock", "AWS_SECRET_ACCESS_KEY": "stock-secret"}
    process = subprocess.Popen(
        [*command, "-s3.port.lance=0", "-s3.port.iceberg=0"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{s3}"
    try:
        _wait(f"{address}/healthz", process)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 90
    while time.monotonic() < end:
        assert process.poll() is None, "the S3 server ended"
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    pytest.fail("the S3 server did not get ready within 30 s")


@pytest.fixture
def real(server: str, request: pytest.FixtureRequest) -> ObjectStore:
    """A bucket of its own for each test."""
    name = f"t{abs(hash(request.node.nodeid)):x}"[:40]
    boto3.client("s3", endpoint_url=server, region_name="us-east-1").create_bucket(Bucket=name)
    return ObjectStore(ObjectSettings(s3_bucket=name, s3_endpoint_url=server))


@pytest.fixture(params=["memory", "real"])
def store(request: pytest.FixtureRequest) -> Store:
    return MemoryStore() if request.param == "memory" else request.getfixturevalue("real")
