"""Runs suites side by side, each in its folder's own environment. The last line is their sum.

    python3 tests/run.py lint services/producer tests/integration     exit code 1 when anything failed
    python3 tests/run.py --fuzz services/producer libs/common         property tests alone, with new examples
    python3 tests/run.py --fuzz --seed 7 services/producer            the same examples again
    python3 tests/run.py --fuzz --seconds 600 services/producer       other seeds until the time is over
    python3 tests/run.py --record ...                                 writes the time and the CPU time of each

The longest jobs begin first. A job begins when enough cores are free. Needs nothing but Python.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import NamedTuple

from jobs import DURATIONS, PROCESSOR, ROOT, Job, jobs, recorded

REPORTS = ROOT / ".build" / "reports"
CORES = max(2, os.cpu_count() or 2)
JAVA = "-XX:TieredStopAtLevel=1"
"""The quick compiler alone: a broker that lives for minutes does not pay the other one back."""
NO_TESTS = 5
"""pytest's exit code when nothing was selected."""
REPEATED_LINES, REPEATED_TESTS = 30, 10
"""What the end of the output says again of so many failed tests, and so many lines of each."""


class Sum(NamedTuple):
    passed: int
    failed: int
    skipped: int = 0


class Ended(NamedTuple):
    job: Job
    sum: Sum
    seconds: float
    processor: float
    output: str


class Runner:
    """Runs jobs. `options` are given to every pytest."""

    def __init__(self, options: Sequence[str] = (), none_is_well: bool = False) -> None:
        self._options = tuple(options)
        self._none_is_well = none_is_well

    def run(self, job: Job) -> Ended:
        """One job. A pytest run that ends without a report, or without a test, counts as one failure."""
        begun = time.monotonic()
        report = report_of(job)
        report.unlink(missing_ok=True)
        command = self._command(job, report)
        try:
            code, processor, output = execute(command)
        except OSError as error:
            return Ended(job, Sum(0, 1), time.monotonic() - begun, 0.0, f"{command[0]}: {error}\n")
        if job.suite == "lint":
            total = Sum(int(not code), int(bool(code)))
        elif code == NO_TESTS and self._none_is_well:
            total = Sum(0, 0)
        else:
            total = read(report, code)
        return Ended(job, total, time.monotonic() - begun, processor, output)

    def _command(self, job: Job, report: Path) -> list[str]:
        if job.suite == "lint":
            return ["make", "--no-print-directory", "lint"]
        python = ROOT / job.environment / ".venv/bin/python"
        return [str(python), "-m", "pytest", "-q", f"--junitxml={report}", *self._options, *job.paths]


def execute(command: Sequence[str]) -> tuple[int, float, str]:
    """Exit code, seconds of CPU time with that of the processes it waited for, and output."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={"JAVA_TOOL_OPTIONS": JAVA, **os.environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout:
        output = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    # subprocess itself must not wait for the process again.
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, used.ru_utime + used.ru_stime, output


def report_of(job: Job) -> Path:
    return REPORTS / f"{re.sub('[/ ]', '-', job.name)}.xml"


def read(report: Path, code: int) -> Sum:
    """The counts of a pytest run's report."""
    try:
        counts = next(ElementTree.parse(report).iter("testsuite")).attrib
    except (OSError, ElementTree.ParseError, StopIteration):
        return Sum(0, 1)
    failed, skipped = int(counts["failures"]) + int(counts["errors"]), int(counts["skipped"])
    return Sum(int(counts["tests"]) - failed - skipped, failed if failed or not code else 1, skipped)


def failures(report: Path) -> Iterator[str]:
    """Each failed test of a pytest run's report: its name and the last lines of its error."""
    try:
        cases = list(ElementTree.parse(report).iter("testcase"))
    except (OSError, ElementTree.ParseError):
        return
    for case in cases:
        for fault in [*case.iter("failure"), *case.iter("error")]:
            lines = (fault.text or fault.get("message", "")).splitlines()[-REPEATED_LINES:]
            yield "\n".join([f"{case.get('classname')}::{case.get('name')}", *lines])


def ended(runner: Runner, waiting: list[Job], cores: float = CORES) -> Iterator[Ended]:
    """Runs the jobs, side by side as far as the cores reach, and yields each when it has ended."""
    running: dict[Future[Ended], Job] = {}
    with ThreadPoolExecutor(max_workers=len(waiting) or 1) as pool:
        while waiting or running:
            for job in startable(waiting, cores - sum(job.cores for job in running.values()), not running):
                waiting.remove(job)
                print(f"-- {job.name} begins", flush=True)
                running[pool.submit(runner.run, job)] = job
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                del running[future]
                yield future.result()


def startable(waiting: Sequence[Job], free: float, idle: bool) -> Iterator[Job]:
    """The jobs that fit into the free cores, in their order. Where nothing runs, the first one fits."""
    for job in list(waiting):
        if job.cores <= free + 1e-9 or idle:
            free -= job.cores
            idle = False
            yield job


def record(parts: Sequence[Ended]) -> None:
    """Writes how long each job took, and its CPU time. An integration job's length is counted by file."""
    known, processor = recorded(DURATIONS), recorded(PROCESSOR)
    for part in parts:
        processor[part.job.name] = round(part.processor)
        if not part.job.name.startswith("tests/integration"):
            known[part.job.name] = round(part.seconds)
            continue
        files: dict[str, float] = dict.fromkeys(part.job.paths, 0.0)
        for case in ElementTree.parse(report_of(part.job)).iter("testcase"):
            file = case.attrib["classname"].replace(".", "/") + ".py"
            files[file] = files.get(file, 0.0) + float(case.attrib["time"])
        known.update({file: round(seconds) for file, seconds in files.items()})
    for file, found in ((DURATIONS, known), (PROCESSOR, processor)):
        file.write_text(json.dumps(dict(sorted(found.items())), indent=1) + "\n")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("suites", nargs="+", metavar="SUITE")
    parser.add_argument("--fuzz", action="store_true", help="property tests alone, with new examples")
    parser.add_argument("--seed", type=int, help="the seed of --fuzz (default: a new one)")
    parser.add_argument("--seconds", type=float, default=0.0, help="how long --fuzz goes on with new seeds")
    names = " and ".join(str(file.relative_to(ROOT)) for file in (DURATIONS, PROCESSOR))
    parser.add_argument("--record", action="store_true", help=f"write {names}")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    chosen = parse(arguments)
    REPORTS.mkdir(parents=True, exist_ok=True)
    if chosen.fuzz:
        return fuzz(chosen.suites, chosen.seed, chosen.seconds)
    parts = run_all(Runner(), chosen.suites)
    code = summary(parts)
    if chosen.record and not code:
        record(parts)
    return code


def run_all(runner: Runner, suites: Sequence[str]) -> list[Ended]:
    """Runs the suites and prints the output of each job."""
    parts = []
    for part in ended(runner, jobs(suites, recorded(DURATIONS), recorded(PROCESSOR))):
        took = f"{part.seconds:.0f} s, {part.processor:.0f} s of CPU time"
        print(f"== {part.job.name}\n{part.output}== {part.job.name}: {took}\n", flush=True)
        parts.append(part)
    return parts


def fuzz(suites: Sequence[str], seed: int | None, seconds: float) -> int:
    """Property tests with new examples, with other seeds for so long. A failure ends it."""
    end = time.monotonic() + seconds
    while True:
        used = random.randrange(2**32) if seed is None else seed
        print(f"seed {used}: the same examples again by --seed {used}", flush=True)
        options = ("-m", "hypothesis", "--hypothesis-profile=fuzz", f"--hypothesis-seed={used}")
        code = summary(run_all(Runner(options, none_is_well=True), suites))
        if code or seed is not None or time.monotonic() >= end:
            return code


def summary(parts: Sequence[Ended]) -> int:
    """Prints what failed, again and together, and the sum. Returns the exit code."""
    bad = sorted(part.job.name for part in parts if part.sum.failed)
    again = [text for part in parts if part.sum.failed for text in failures(report_of(part.job))]
    for text in again[:REPEATED_TESTS]:
        print(f"-- failed: {text}\n")
    if bad:
        print(f"Failed: {', '.join(bad)}")
    total = Sum(*(sum(column) for column in zip(*(part.sum for part in parts), strict=True)))
    skipped = f", {total.skipped} skipped" if total.skipped else ""
    print(f"{total.passed} passed, {total.failed} failed{skipped}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
