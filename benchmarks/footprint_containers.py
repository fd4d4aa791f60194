"""A compose project, and what each of its containers uses."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from types import TracebackType

from stock_testing.compose import Project, free_ports, output

UNITS = {"B": 2**-20, "KiB": 2**-10, "MiB": 1.0, "GiB": 1024.0}


class Containers:
    """The whole of compose.yaml with Prometheus and Alertmanager, removed with its data at the end."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        ports = {f"STOCK_{part.upper()}_PORT": str(port) for part, port in free_ports().items()}
        self._project = Project(f"stock-bench-{os.getpid()}", {**variables, **ports}, ["monitoring"])
        self._cpu: dict[str, float] = {}
        self._looked = 0.0

    def __enter__(self) -> Containers:
        try:
            self._project.do(
                "up",
                "--detach",
                "--wait",
                "--wait-timeout",
                "400",
                *self._project.without("grafana"),
                seconds=500,
            )
        except BaseException:
            self._project.end("footprint.log")
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._project.end("footprint.log")

    def pause(self, service: str) -> None:
        self._project.do("pause", service)

    def resume(self, service: str) -> None:
        self._project.do("unpause", service)

    def uses(self) -> dict[str, tuple[float, float]]:
        """Service → MiB without file cache, and CPU seconds:

        `docker stats`' shares of a core, summed over the looks.
        """
        names = {
            part["Id"]: part["Config"]["Labels"]["com.docker.compose.service"]
            for part in self._project.containers()
            if part["State"]["Running"]
        }
        now = time.monotonic()
        passed, self._looked = now - (self._looked or now), now
        found: dict[str, tuple[float, float]] = {}
        for line in output(
            "stats", "--no-stream", "--no-trunc", "--format", "{{json .}}", *names
        ).splitlines():
            stats = json.loads(line)
            name = names[stats["ID"]]
            self._cpu[name] = self._cpu.get(name, 0.0) + passed * float(stats["CPUPerc"].rstrip("%")) / 100
            found[name] = mebibytes(stats["MemUsage"].split()[0]), self._cpu[name]
        return found


def mebibytes(text: str) -> float:
    """12.5 of `12.5MiB`, as the engine writes it."""
    number = text.rstrip("KMGiB")
    return float(number) * UNITS[text[len(number) :]]
