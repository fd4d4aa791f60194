"""`stock-auditor replay`: its arguments, its wiring and its exit code."""

from __future__ import annotations

import argparse
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TextIO

from stock_auditor.clients import Clients
from stock_auditor.config import SERVICE, TOPICS, AuditorSettings
from stock_auditor.decisions.topic import KafkaDecisions
from stock_auditor.replay import report
from stock_auditor.replay.dead_letters import Choice, DeadLetter, Sorter
from stock_auditor.replay.filter import letter_filter, unchanged
from stock_auditor.replay.report import Outcome
from stock_auditor.replay.run import Busy, Progress, Replay, Timing
from stock_auditor.replay.topics import REPLAY_OF, KafkaOrigins
from stock_auditor.replay.unread import UnreadRecords, chain_of
from stock_auditor.stages.base import reading
from stock_auditor.stages.records import RECOVERS, RecordReader
from stock_auditor.stages.warehouse import WarehouseReader
from stock_auditor.wiring import new_auditor
from stock_common import cli
from stock_common.printable import say
from stock_common.run import Stop
from stock_common.settings import load_or_exit, refuse
from stock_kafka.config import KafkaSettings
from stock_warehouse.session import Warehouse

EXIT_DONE, EXIT_LEFT_OUT = 0, 1
DESCRIPTION = (
    "Sends dead letters back to the topics they came from, after the cause of their refusal was fixed."
)
EXAMPLES = """\
Examples:
  stock-auditor replay --dry-run                                   how many of each kind, and samples
  stock-auditor replay --topic stock-data --reason schema --limit 1
  stock-auditor replay --from 2026-03-02T14:00 --to 2026-03-02T16:00
  stock-auditor replay --reason schema --edit "jq --compact-output '.price |= tonumber'"
  stock-auditor replay --unread --dry-run                          records in Kafka that are in no object

Each letter goes to the partition that it came from with its bytes, key and headers, and one more header,
`replay-of`. It is sent at most once. After a kill run it again, and it goes on. A record that is refused
once more is another letter, which only --again sends. --unread sends, in the same way and with the header
`recovers`, records that Kafka has and no object holds: what the audit names as "unread in Kafka".
Exit code: 0 done, 1 letters were left out or another replay runs, 2 wrong arguments,
3 Kafka did not answer: run it again.
"""


def add_arguments(commands: cli.Commands[argparse.ArgumentParser]) -> None:
    """Adds the command and its arguments to the parser's commands."""
    replay = cli.command(commands, "replay", "send dead letters back to their topics", EXAMPLES, DESCRIPTION)
    replay.set_defaults(perform=perform)
    add = replay.add_argument
    add("--topic", choices=TOPICS, help="only letters from this topic")
    add("--partition", type=count, metavar="N", help="only letters from this partition")
    add("--reason", help="only letters with this reason: empty, json, schema, range")
    add("--from", dest="since", type=instant, metavar="TIME", help="only records since then, UTC by default")
    add("--to", dest="until", type=instant, metavar="TIME", help="only records before then")
    add("--unread", action="store_true", help="not letters, but the records that the audit names as unread")
    add("--again", action="store_true", help="also records that were a replay and were refused once more")
    add("--limit", type=count, metavar="N", help="at most so many letters")
    add("--edit", metavar="COMMAND", help="filter each value by this command, and leave out what it fails on")
    add("--dry-run", action="store_true", help="send nothing, print what would be sent, with samples")
    add("--json", action="store_true", help="print the outcome as JSON")


def instant(text: str) -> int:
    """Milliseconds since 1970 UTC of an ISO 8601 time or day. Raises ValueError, as argparse wants it."""
    time = datetime.fromisoformat(text)
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)


def count(text: str) -> int:
    """A whole number that is not negative. Raises ValueError, as argparse wants it."""
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


def perform(options: argparse.Namespace) -> int:
    """Runs the command and returns its exit code. Stopped by a signal, it ends after the batch."""
    if options.unread and options.edit:
        refuse("--edit: the records that --unread sends go as they are")
    settings = load_or_exit(AuditorSettings if options.unread else KafkaSettings)
    try:
        filtered = letter_filter(options.edit) if options.edit else unchanged
    except ValueError as error:
        refuse(f"--edit: {error}")
    stop = Stop()
    stop.install()

    def pause(seconds: float) -> None:
        if stop.wait(seconds):
            raise KeyboardInterrupt

    def tell(line: str) -> None:
        say(line, sys.stderr)

    clients = Clients(settings, SERVICE)
    mark = RECOVERS if options.unread else REPLAY_OF
    topic, origins = KafkaDecisions(clients), KafkaOrigins(clients, options.edit, mark)
    timing = Timing(time.monotonic, pause, lambda: datetime.now(UTC))
    replay = Replay(uuid.uuid4().hex, topic, origins, filtered, timing, tell)
    choice = Choice(
        options.topic, options.partition, options.reason, options.since, options.until, options.again
    )
    try:
        read = origins.letters
        if isinstance(settings, AuditorSettings):
            read = _unread(settings, clients, origins).read
        task = Task(replay, read, choice, options.limit, options.dry_run, options.json)
        return replay_once(task, lambda: not stop, sys.stdout, sys.stderr)
    finally:
        origins.close()
        topic.close()


def _unread(settings: AuditorSettings, clients: Clients, origins: KafkaOrigins) -> UnreadRecords:
    """What the audit names as unread. Raises NotCompared, FatalError or Unreachable."""
    warehouse = Warehouse(settings, SERVICE)
    try:
        links = new_auditor(settings, warehouse, clients).audit_all().unread
        reader = WarehouseReader(warehouse)
        with reading("snowflake"):
            rows = {link: reader.offsets(chain_of(link), link.first, link.last) for link in links}
    finally:
        warehouse.close()
    return UnreadRecords(rows, RecordReader(clients.admin, clients.reader).records, origins.letters)


@dataclass(frozen=True)
class Task:
    """What to replay. `read` gives every letter from the topic's beginning, each time it is called."""

    replay: Replay
    read: Callable[[], Iterable[DeadLetter | None]]
    choice: Choice
    limit: int | None
    dry_run: bool
    as_json: bool


def replay_once(task: Task, go_on: Callable[[], bool], out: TextIO, err: TextIO) -> int:
    """Prints the outcome on `out` and progress on `err`. Returns 0 or 1.

    `go_on` is asked after each batch. Raises as Replay does, except Busy.
    """
    sorter = Sorter(task.choice, task.replay.catch_up().sent)
    due = sum(1 for _ in sorter.due(task.read()))
    wanted = due if task.limit is None else min(due, task.limit)
    outcome = Outcome(sorter.survey, task.dry_run, task.choice.again, wanted)
    if wanted and not task.dry_run:
        try:
            outcome = _send(task, outcome, go_on, err)
        except Busy as error:
            outcome = outcome._replace(busy=str(error))
    say(report.as_json(outcome) if task.as_json else report.as_text(outcome), out)
    return EXIT_LEFT_OUT if outcome.left_out or outcome.doubtful or outcome.busy else EXIT_DONE


def _send(task: Task, outcome: Outcome, go_on: Callable[[], bool], err: TextIO) -> Outcome:
    doubtful = task.replay.claim()
    # Only after the claim is it known what an earlier run had sent, so the letters are sorted again.
    letters = Sorter(task.choice, task.replay.register.sent).due(task.read())

    def progress(done: Progress) -> bool:
        if err.isatty():
            err.write(f"\r{done.sent:,} of {outcome.wanted:,} letters sent")
            err.flush()
        return go_on()

    try:
        done = task.replay.send(islice(letters, task.limit), progress)
    finally:
        if err.isatty():
            say("", err)
    task.replay.end()
    return outcome._replace(sent=done.sent, left_out=done.left_out, doubtful=doubtful)
