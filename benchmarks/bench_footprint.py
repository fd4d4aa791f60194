"""Start time, and memory and CPU at rest and under load, of each part of the pipeline.

    make bench-footprint                                  processes: 5 starts, 60 s at rest, 120 s of load
    make bench-footprint ARGS="--starts 1 --rest 10 --load 20"
    make bench-footprint ARGS="--containers"              containers instead (first: make images)

Start: from the process's start until /readyz answers, with all that it needs running. At rest: nothing is
produced (the producer fetches one symbol an hour, its container is paused). Under load: 100 symbols every 5
s. Memory of a process is its resident set. Memory of a container is that of docker stats (without file
cache). The limit is compose.yaml's. Peers in the same run: Kafka, ZooKeeper, the S3 server and the stand-ins.
Exit code 1 when a part is over its limit.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.footprint_containers import Containers
from benchmarks.report import machine, spread, table
from stock_stack.layout import Layout, symbols
from stock_stack.ports import free
from stock_stack.registry import REPOSITORY
from stock_stack.services import ALL, SERVICES
from stock_stack.stack import Stack

MEBI = 2**20
SAMPLE_SECONDS = 5.0
SETTLE_SECONDS = 15.0
"""Time for caches to fill after a start or a change of load."""
LOAD = ",".join(symbols().split(",")[:100])
QUIET = {"SYMBOLS": "IBM", "POLL_INTERVAL_SECONDS": "3600"}


class Use(NamedTuple):
    """One part's use at one moment: MiB of memory, CPU seconds so far."""

    memory: float
    cpu: float


Look = Callable[[], Mapping[str, Use]]


def limits() -> dict[str, float]:
    """Service → MiB of memory in compose.yaml."""
    units = {"m": 1.0, "g": 1024.0}
    found = re.findall(
        r"^  ([\w-]+):\n(?:    .*\n|\n)*?    mem_limit: (\d+)([mg])$",
        (REPOSITORY / "compose.yaml").read_text(),
        re.MULTILINE,
    )
    return {name: int(number) * units[unit] for name, number, unit in found}


def processes(stack: Stack) -> dict[str, Use]:
    """Each running part's use. A part is a process group."""
    groups = {stack.pid(name): name for name in stack.running()}
    sums = dict.fromkeys(groups.values(), Use(0.0, 0.0))
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            fields = (directory / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        name = groups.get(int(fields[2]))
        if name:
            use = sums[name]
            sums[name] = Use(
                use.memory + int(fields[21]) * 4_096 / MEBI,
                use.cpu + (int(fields[11]) + int(fields[12])) / 100,
            )
    return sums


def watch(look: Look, seconds: float) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Samples for `seconds`. Returns part → MiB of each sample, and part → CPU in per cent of one core."""
    time.sleep(min(SETTLE_SECONDS, seconds))
    memory: dict[str, list[float]] = {}
    begun, first = time.monotonic(), look()
    while True:
        last = look()
        for name, use in last.items():
            memory.setdefault(name, []).append(use.memory)
        passed = time.monotonic() - begun
        if passed >= seconds:
            return memory, {
                name: 100 * (use.cpu - first[name].cpu) / passed
                for name, use in last.items()
                if name in first
            }
        time.sleep(min(SAMPLE_SECONDS, seconds - passed))


def starts(stack: Stack, count: int) -> dict[str, list[float]]:
    """Service → seconds until ready of each start."""
    found: dict[str, list[float]] = {}
    for name in SERVICES:
        for _ in range(count):
            stack.stop(name)
            begun = time.monotonic()
            stack.restart(name)
            found.setdefault(name, []).append(time.monotonic() - begun)
    return found


def report(
    parts: Sequence[str], rest: tuple[dict, dict], load: tuple[dict, dict], begun: Mapping[str, list[float]]
) -> bool:
    """Prints the table. Returns whether every part stayed below its limit."""
    bounds = limits()
    rows, good, total = [], True, [0.0, 0.0]
    for name in parts:
        bound = bounds.get(name, 0.0)
        good = good and max(load[0][name]) < bound
        total = [total[0] + max(rest[0][name]), total[1] + max(load[0][name])]
        times = spread(begun[name]) if name in begun else "-"
        cells = [
            spread(rest[0][name], 0),
            f"{rest[1][name]:.1f}",
            spread(load[0][name], 0),
            f"{load[1][name]:.1f}",
        ]
        rows.append([name, times, *cells, f"{bound:.0f}"])
    cpu = [f"{sum(part[1].values()):.1f}" for part in (rest, load)]
    rows.append(["sum of the largest", "", f"{total[0]:,.0f}", cpu[0], f"{total[1]:,.0f}", cpu[1], ""])
    print(
        table(
            ["part", "start, s", "at rest, MiB", "CPU %", "100 symbols / 5 s, MiB", "CPU %", "limit, MiB"],
            rows,
        ),
        flush=True,
    )
    return good


def of_processes(options: argparse.Namespace) -> bool:
    with tempfile.TemporaryDirectory() as data, Stack(Layout(Path(data), free(), {}), print) as stack:
        stack.start(*(name for name in SERVICES if name != "producer"))
        stack.start("producer", environment=QUIET)
        begun = starts(stack, options.starts)
        rest = watch(lambda: processes(stack), options.rest)
        stack.stop("producer")
        stack.start("producer", environment={"SYMBOLS": LOAD, "POLL_INTERVAL_SECONDS": "5"})
        load = watch(lambda: processes(stack), options.load)
        stack.check()
        return report(ALL, rest, load, begun)


def of_containers(options: argparse.Namespace) -> bool:
    with Containers({"SYMBOLS": LOAD}) as containers:
        containers.pause("producer")
        rest = watch(lambda: {name: Use(*use) for name, use in containers.uses().items()}, options.rest)
        containers.resume("producer")
        load = watch(lambda: {name: Use(*use) for name, use in containers.uses().items()}, options.load)
        return report(sorted(load[0]), rest, load, {})


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--starts", type=int, default=5, help="times each service is started")
    parser.add_argument("--rest", type=float, default=60, help="seconds at rest")
    parser.add_argument("--load", type=float, default=120, help="seconds under load")
    parser.add_argument(
        "--containers", action="store_true", help="the containers of compose.yaml instead of processes"
    )
    options = parser.parse_args()
    print(machine())
    return 0 if (of_containers if options.containers else of_processes)(options) else 1


if __name__ == "__main__":
    raise SystemExit(main())
