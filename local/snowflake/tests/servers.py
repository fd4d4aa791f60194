"""Starts the real servers for the tests: SeaweedFS and the launcher, each as a process on a free port."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
ACCESS_KEY = "local-access-key"
SECRET_KEY = "local-secret-key"
PASSWORD = "local-password"
# SeaweedFS serves gRPC on every port + this.
GRPC_OFFSET = 10_000
START_SECONDS = 30


@dataclass
class RunningServer:
    """A process of the command. `port` is the port that it printed."""

    process: subprocess.Popen[str]
    port: int
    line: str

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(timeout=60)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code


def free_port(offset: int = 0) -> int:
    """A port that is free now, and free at + offset too."""
    while True:
        with socket.socket() as first:
            first.bind((HOST, 0))
            port = first.getsockname()[1]
            if port + offset > 65_535:
                continue
            with socket.socket() as second, contextlib.suppress(OSError):
                if offset:
                    second.bind((HOST, port + offset))
                return port


def wait_until_healthy(url: str, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the server ended with {process.returncode}"
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:
            if answer.status == 200:
                return
        time.sleep(0.1)
    raise AssertionError(f"{url} is not healthy after {START_SECONDS} s")


@contextlib.contextmanager
def seaweedfs(directory: Path) -> Iterator[str]:
    """An S3 server with its data in the directory. Yields its address."""
    ports = {name: free_port(GRPC_OFFSET) for name in ("s3", "master", "filer", "volume", "admin")}
    command = [
        str(Path(sys.executable).with_name("weed")),
        "mini",
        f"-dir={directory}",
        f"-ip={HOST}",
        f"-ip.bind={HOST}",
        "-master.telemetry=false",
        "-webdav=false",
        "-admin.ui=false",
        "-s3.port.lance=0",
        "-s3.port.iceberg=0",
        *(f"-{name}.port={port}" for name, port in ports.items()),
    ]
    environ = os.environ | {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
    with (directory / "weed.log").open("w") as log:
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log, cwd=directory, text=True)
        try:
            wait_until_healthy(f"http://{HOST}:{ports['s3']}/healthz", process)
            yield f"http://{HOST}:{ports['s3']}"
        finally:
            process.kill()
            process.wait(timeout=60)


WITHOUT_PANDAS = """
import sys

class WithoutPandas:
    def find_spec(self, name, path=None, target=None):
        if name == "pandas":
            raise ModuleNotFoundError(name=name)

sys.meta_path.insert(0, WithoutPandas())
from stock_snowflake.__main__ import main
sys.exit(main())
"""
"""The command as in its image, where pandas is missing. Its import takes more than a second."""


def command() -> list[str]:
    return [sys.executable, "-c", WITHOUT_PANDAS]


def launcher_environ(data_dir: Path, s3_address: str, **settings: str) -> dict[str, str]:
    inherited = {
        name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR", "LANG")
    }
    return inherited | {
        "DATA_DIR": str(data_dir),
        "SNOWFLAKE_LISTEN_PORT": "0",
        "SNOWFLAKE_PASSWORD": PASSWORD,
        "S3_ENDPOINT_URL": s3_address,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        **settings,
    }


def shared(directory: Path, s3_address: str, **settings: str) -> Iterator[RunningServer]:
    """A server for many tests. Its log must have no traceback: no statement may be an internal error."""
    log = directory / "log"
    running = start_launcher(launcher_environ(directory / "data", s3_address, **settings), log)
    yield running
    running.stop()
    assert "Traceback" not in log.read_text()


def start_launcher(environ: Mapping[str, str], log: Path) -> RunningServer:
    """Start the command and wait for its line. Its log goes to the file."""
    with log.open("a") as errors:
        process = subprocess.Popen(
            command(), env=dict(environ), stdout=subprocess.PIPE, stderr=errors, text=True
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert "listens on" in line, f"{line}{log.read_text()}"
    port = int(line.split("http://")[1].split(",")[0].rsplit(":", 1)[1])
    server = RunningServer(process, port, line)
    wait_until_healthy(f"http://{HOST}:{port}/healthz", process)
    return server
