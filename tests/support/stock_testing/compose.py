"""The containers of a compose project, by the docker command."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any

from stock_stack.registry import REPOSITORY
from stock_stack.services import SERVICES
from stock_testing.poll import BUSY

ROOT = REPOSITORY
LOCAL = ("market", "snowflake")
UP = ("up", "--detach", "--no-build", "--no-recreate", "--no-deps", "--wait", "--wait-timeout", "240")
"""Starts what is named, and nothing else, and waits until it is healthy."""
PORTS = ("dashboard", "kafka", "s3", "snowflake", "market", "prometheus", "alertmanager", "grafana")
"""Whose port on this machine can be moved."""
IMAGES = tuple(f"stock-{name}:local" for name in (*SERVICES, *LOCAL))


def free_ports() -> dict[str, int]:
    """A free port for each of them."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in PORTS]
    ports = [part.getsockname()[1] for part in sockets]
    for part in sockets:
        part.close()
    return dict(zip(PORTS, ports, strict=True))


def docker(
    *arguments: str, seconds: float = 120, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs docker and returns its result, whatever the exit code.

    Raises subprocess.TimeoutExpired after BUSY times `seconds`.
    """
    return subprocess.run(
        ["docker", *arguments], cwd=ROOT, env=env, capture_output=True, text=True, timeout=BUSY * seconds
    )


def output(*arguments: str, seconds: float = 120) -> str:
    """What docker prints. Raises AssertionError with its error text when it fails."""
    done = docker(*arguments, seconds=seconds)
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr[-3000:]}"
    return done.stdout


class Project:
    """One project of compose.yaml on its own ports. `files` are merged over compose.yaml.

    `variables` take the place of a .env file. The caller's own variables are not passed on.
    """

    def __init__(
        self,
        name: str,
        variables: Mapping[str, str],
        profiles: Sequence[str] = (),
        files: Sequence[Path] = (),
    ) -> None:
        self.name = name
        # The file is named: with a project's name alone, compose goes by what runs, not by what is written.
        self._options = [
            "--file",
            str(ROOT / "compose.yaml"),
            "--env-file",
            os.devnull,
            "--project-name",
            name,
        ]
        self._options += [part for file in files for part in ("--file", str(file))]
        self._options += [part for profile in profiles for part in ("--profile", profile)]
        inherited = {
            key: os.environ[key]
            for key in ("PATH", "HOME", "DOCKER_HOST", "DOCKER_CONFIG", "SSL_CERT_FILE")
            if key in os.environ
        }
        self._env = inherited | dict(variables)

    def but(self, variables: Mapping[str, str]) -> Project:
        """The same project with other variables on top."""
        other = copy(self)
        other._env = self._env | dict(variables)
        return other

    def run(self, *arguments: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        return docker("compose", *self._options, *arguments, seconds=seconds, env=self._env)

    def do(self, *arguments: str, seconds: float = 120) -> str:
        """What the compose command prints. Raises AssertionError with its error text when it fails."""
        done = self.run(*arguments, seconds=seconds)
        assert done.returncode == 0, (
            f"docker compose {' '.join(arguments)}: {(done.stderr + done.stdout)[-4000:]}"
        )
        return done.stdout

    def containers(self) -> list[dict[str, Any]]:
        """The answers of `docker inspect` for every container of the project, ended ones too."""
        ids = output(
            "ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={self.name}"
        ).split()
        return json.loads(output("inspect", *ids)) if ids else []

    def of(self, service: str) -> list[dict[str, Any]]:
        return [
            part
            for part in self.containers()
            if part["Config"]["Labels"]["com.docker.compose.service"] == service
        ]

    def states(self) -> dict[str, set[str]]:
        """Service → healthy, starting, unhealthy, running (no check), or `exited CODE`."""
        states: dict[str, set[str]] = {}
        for part in self.containers():
            state = part["State"]
            text = (
                f"exited {state['ExitCode']}"
                if state["Status"] == "exited"
                else state.get("Health", {}).get("Status", state["Status"])
            )
            states.setdefault(part["Config"]["Labels"]["com.docker.compose.service"], set()).add(text)
        return states

    def without(self, *services: str) -> list[str]:
        """All services but these."""
        return [name for name in self.do("config", "--services").split() if name not in services]

    def end(self, log: str) -> None:
        """Writes the logs of the containers into .build/reports, and removes them with their data."""
        place = ROOT / ".build" / "reports" / log
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(self.run("logs", "--no-color", "--timestamps", seconds=60).stdout)
        self.run("down", "--volumes", "--remove-orphans", seconds=180)

    def audit(self, *options: str) -> tuple[int, dict[str, Any]]:
        """Exit code and report of an audit in the auditor's container."""
        words = ("python", "-m", "stock_auditor", "audit", "--json", *options)
        done = self.run("exec", "-T", "auditor", *words, seconds=90)
        return done.returncode, json.loads(done.stdout) if done.stdout else {"error": done.stderr}

    def complete_rows(self) -> int:
        """Records in Snowflake, 0 when the audit finds anything wrong."""
        code, verdict = self.audit()
        return sum(part["rows"] for part in verdict["partitions"]) if code == 0 else 0
