"""Archives of the classes that ZooKeeper and Kafka load: a start with one takes half of the CPU time.

`python -m stock_stack.archives` makes them by one start and stop, where they are missing or another Java's.
Java takes no archive that does not fit its version or the jars, and starts without it.
"""

from __future__ import annotations

import signal
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from stock_common.printable import say
from stock_stack.brokers import ARCHIVED, JARS, archive, java
from stock_stack.component import Component
from stock_stack.layout import Layout
from stock_stack.ports import free
from stock_stack.registry import REPOSITORY
from stock_stack.services import component
from stock_stack.stack import Stack

POM = REPOSITORY / "local" / "stack" / "pom.xml"
STOP_SECONDS = 120.0
"""Java writes the archive when it ends."""
ENDED = 128 + signal.SIGTERM
"""Java's exit code after SIGTERM. One that was killed leaves half an archive, which crashes a start."""


def fits() -> str:
    """What the archives depend on."""
    found = subprocess.run([java() or "java", "-version"], capture_output=True, text=True, check=True)
    return found.stderr + POM.read_text()


def make() -> None:
    """Starts the servers, which note what they load, and stops them.

    A half-written archive has another name.
    """
    with tempfile.TemporaryDirectory(dir=JARS.parent) as data:

        def written(name: str) -> Path:
            return Path(data, f"{name}.jsa")

        def find(layout: Layout, name: str, instance: int) -> Component:
            part = component(layout, name, instance)
            if name not in ARCHIVED:
                return part
            first, *others = part.command
            command = (first, f"-XX:ArchiveClassesAtExit={written(name)}", *others)
            return replace(part, command=command, stop_seconds=STOP_SECONDS)

        with Stack(Layout(Path(data), free()), find=find) as stack:
            stack.start("topics")
            for name in reversed(ARCHIVED):
                if (code := stack.stop(name)) != ENDED:
                    raise SystemExit(
                        f"{name} ended with {code}, not {ENDED}: it wrote no archive of its classes"
                    )
        for name in ARCHIVED:
            written(name).replace(archive(name))


def main() -> None:
    stamp = archive("stamp")
    needed = fits()
    if stamp.exists() and stamp.read_text() == needed:
        return
    for name in (*ARCHIVED, "stamp"):
        archive(name).unlink(missing_ok=True)
    say("build archives of Kafka's and ZooKeeper's classes")
    make()
    stamp.write_text(needed)


if __name__ == "__main__":
    main()
