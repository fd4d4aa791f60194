"""`stock-auditor status` and `stock-auditor decisions`: which keys there are, and forgetting one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple, TextIO

from stock_auditor.clients import Clients
from stock_auditor.compacted.topic import CompactedTopic, Entry
from stock_auditor.config import SERVICE
from stock_auditor.decisions import records
from stock_common import cli, status, table
from stock_common.printable import say
from stock_common.settings import load_or_exit
from stock_common.topics import DECISIONS, STATUS, Topic
from stock_kafka.config import KafkaSettings

EXIT_DONE, EXIT_REFUSED = 0, 1
MOST_LISTED = 200
COLUMNS = ("id", "key", "written", "bytes", "readers")
STATUS_EXAMPLES = """\
Examples:
  stock-auditor status list                  the keys, those that readers skip first
  stock-auditor status forget 1a2b3c4d       by the id that `list` prints
  stock-auditor status forget chain/stock-data/7

A message of stock-status that no reader can take stays until its key is written again, because the topic is
compacted. `forget` writes a message without a value for the key. A service that still runs writes its own key
again within a minute.
Exit code: 0 done, 1 nothing was changed because a key is not there, 2 wrong arguments,
3 Kafka did not answer.
"""
DECISIONS_EXAMPLES = """\
Examples:
  stock-auditor decisions list               the keys, those that are no decisions first
  stock-auditor decisions forget 1a2b3c4d    by the id that `list` prints

Only a key whose message is no decision of this version can be forgotten. An acceptance is taken back by
`accept --withdraw`, and the notes of replays keep dead letters from being sent twice.
Exit code: 0 done, 1 nothing was changed because a key is not there or holds a decision, 2 wrong arguments,
3 Kafka did not answer.
"""


class Kind(NamedTuple):
    """A topic with its command. `check` raises an error for what its readers skip.

    any_key: a message that is not skipped can be forgotten too.
    """

    topic: Topic
    check: Callable[[str, bytes], object]
    any_key: bool
    examples: str


KINDS = {
    "status": Kind(STATUS, status.decode_under, True, STATUS_EXAMPLES),
    "decisions": Kind(DECISIONS, records.decode_under, False, DECISIONS_EXAMPLES),
}


def add_arguments(commands: cli.Commands[argparse.ArgumentParser]) -> None:
    """Adds both commands to the parser's."""
    for name, kind in KINDS.items():
        short = f"list or forget the keys of {kind.topic.name}"
        found = cli.command(commands, name, short, kind.examples)
        found.add_argument("action", choices=("list", "forget"), help="what to do")
        found.add_argument(
            "keys", nargs="*", metavar="KEY", help="to forget: a key or an id as `list` prints it"
        )
        found.set_defaults(perform=partial(perform, kind))


def perform(kind: Kind, options: argparse.Namespace) -> int:
    """Runs the command and returns its exit code. Raises as CompactedTopic does."""
    topic = CompactedTopic(Clients(load_or_exit(KafkaSettings), SERVICE), kind.topic, kind.check)
    if options.action == "list":
        say(as_text(topic.entries()))
        return EXIT_DONE
    return forget(topic, options.keys, kind.any_key, sys.stdout, sys.stderr)


def as_text(entries: Sequence[Entry]) -> str:
    """A line for each key."""
    rows = [
        (each.id, each.name, f"{each.at:%Y-%m-%dT%H:%M:%SZ}", f"{each.size:,}", _judged(each))
        for each in entries[:MOST_LISTED]
    ]
    lines = table.lines([COLUMNS, *rows], left=len(COLUMNS))
    if (more := len(entries) - MOST_LISTED) > 0:
        lines.append(f"and {more:,} more keys")
    return "\n".join(lines)


def forget(topic: CompactedTopic, keys: Sequence[str], any_key: bool, out: TextIO, err: TextIO) -> int:
    """Forgets all the keys, or none where one is not there or, without `any_key`, holds a good message."""
    named = {name: entry for entry in topic.entries() for name in (entry.id, entry.name)}
    for key in keys:
        entry = named.get(key)
        if entry is None:
            say(f"{key} is not there: nothing was changed. `list` prints the keys with their ids.", err)
            return EXIT_REFUSED
        if not any_key and not entry.fault:
            say(f"{entry.name} is a decision: nothing was changed. See --help.", err)
            return EXIT_REFUSED
    for key in dict.fromkeys(keys):
        topic.forget(named[key].key)
        say(f"Forgotten: {named[key].name}", out)
    return EXIT_DONE


def _judged(entry: Entry) -> str:
    return f"skip it: {entry.fault}" if entry.fault else "take it"
