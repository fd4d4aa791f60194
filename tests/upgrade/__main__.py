"""Starts an older commit's demo, kills all of it with data in every stage, and goes on with the present code.

    local/stack/.venv/bin/python -m tests.upgrade --from c1f50f9

The Kafka logs, the S3 objects, the Snowflake database and the producer's state are the older code's.
Exit code 0: the audit is complete, and no id of the outbox or of Kafka is missing or doubled in Snowflake.
Exit code 1: something is missing or doubled. Exit code 2: the older commit cannot be had or built.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from confluent_kafka import Producer

from stock_common.topics import DEAD_LETTERS, QUOTES
from stock_stack.counts import Progress
from stock_stack.layout import Layout
from stock_stack.ports import HOST, Ports, free
from stock_stack.services import ALL
from stock_stack.stack import Stack
from stock_testing.messages import ends
from stock_testing.pipeline import QUICK, Pipeline
from stock_testing.poll import poll_until
from tests.upgrade import evidence
from tests.upgrade.evidence import Ids, Places
from tests.upgrade.old import Demo, Unusable, tree

DEFAULT = "c1f50f9"
POISON = 3
LEAST_WAITING = 120
"""Messages in the outbox: one round of the demo's symbols."""
MORE_QUOTES = 480
STAGE_SECONDS = 90


def say(text: str) -> None:
    print(text, flush=True)


def leave(demo: Demo, data: Path, servers: str) -> Ids:
    """Brings data into every stage of the older demo, then kills it. Returns the ids in its outbox."""
    with closing(Progress(servers)) as progress:

        def quotes() -> tuple[int, int]:
            """On S3 and in Snowflake."""
            counts = progress.read(0.5)
            return counts.quotes(counts.s3), counts.quotes(counts.snowflake)

        poll_until(lambda: quotes()[1], "quotes in Snowflake", STAGE_SECONDS)
        poison(servers)
        poll_until(lambda: letters(servers) >= POISON, "dead letters", STAGE_SECONDS)
        demo.hold("sf-loader")
        # What the loader was about to load when it was held may be in Snowflake: later objects are not.
        held_at = quotes()[0]
        poll_until(
            lambda: quotes()[0] > held_at + LEAST_WAITING, "objects that are not loaded", STAGE_SECONDS
        )
        say("S3 holds {} quotes, Snowflake {}".format(*quotes()))
    demo.hold("kafka")
    state = data / "producer"
    poll_until(lambda: waiting(evidence.outbox(state)) >= LEAST_WAITING, "a filled outbox", STAGE_SECONDS)
    demo.kill()
    left = evidence.outbox(state)
    say(f"killed with {waiting(left)} messages in the outbox and {POISON} dead letters")
    return left


def waiting(left: Ids) -> int:
    return sum(count.total() for count in left.values())


def letters(servers: str) -> int:
    return sum(ends(servers, DEAD_LETTERS).values())


def poison(servers: str) -> None:
    """Values that are no quotes."""
    producer = Producer({"bootstrap.servers": servers})
    for number in range(POISON):
        producer.produce(QUOTES.name, f"no quote {number}".encode(), "IBM")
    assert producer.flush(30) == 0


def go_on(data: Path, ports: Ports, left: Ids) -> list[str]:
    """Runs the present code on what is there. Returns what is wrong."""
    with Stack(Layout(data, ports, QUICK), say) as stack:
        stack.start(*ALL)
        with closing(Pipeline(stack)) as pipeline:
            pipeline.more_quotes(MORE_QUOTES, STAGE_SECONDS)
            with pipeline.still():
                verdict = pipeline.audit()
                places = Places(
                    left, evidence.kafka(pipeline), evidence.tables(pipeline), evidence.views(pipeline)
                )
                return [*judged(verdict), *evidence.faults(places)]


def judged(verdict: dict) -> list[str]:
    """What is wrong with the audit."""
    parts = verdict["partitions"]
    names = ("rows", "missing", "doubled", "resent", "rejected")
    counts = {name: sum(part[name] for part in parts) for name in names}
    say("audit: " + ", ".join(f"{count} {name}" for name, count in counts.items()))
    found = [text for part in parts for text in part["findings"]]
    if verdict["exit_code"] and not found:
        found = [f"the audit ended with exit code {verdict['exit_code']}"]
    if counts["rejected"] != POISON:
        found.append(f"{counts['rejected']} rejected records, not {POISON}")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--from", dest="commit", default=DEFAULT, help="the older commit (default: %(default)s)"
    )
    commit = parser.parse_args(arguments).commit
    try:
        place = tree(commit)
    except Unusable as error:
        print(error, file=sys.stderr)
        return 2
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="stock-upgrade-") as directory:
        wrong = upgrade(place, Path(directory, "data"))
    for text in wrong:
        say(text)
    say(f"{f'{len(wrong)} faults' if wrong else 'complete'} after {time.monotonic() - begun:.0f} s")
    return 1 if wrong else 0


def upgrade(place: Path, data: Path) -> list[str]:
    """The whole test with the built tree in `place`. Returns what is wrong."""
    ports = free()
    demo = Demo(place, data, ports)
    try:
        demo.wait_until_up()
        left = leave(demo, data, f"{HOST}:{ports['kafka']}")
    finally:
        demo.kill()
    return go_on(data, ports, left)


if __name__ == "__main__":
    sys.exit(main())
