"""The command line: its commands, and without one the loop."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TextIO

from stock_auditor import report
from stock_auditor.auditor import Auditor
from stock_auditor.clients import Clients
from stock_auditor.compacted import command as compacted
from stock_auditor.compare.findings import is_acceptable
from stock_auditor.config import SERVICE, TOPICS, AuditorSettings
from stock_auditor.decisions.records import Accepted, Register, Withdrawn, finding_id
from stock_auditor.decisions.topic import KafkaDecisions
from stock_auditor.replay import command as replay
from stock_auditor.replay.run import DecisionTopic
from stock_auditor.stages.base import NotCompared
from stock_auditor.wiring import new_auditor
from stock_common import cli
from stock_common.printable import say
from stock_common.settings import load_or_exit
from stock_warehouse.session import Warehouse

EXIT_COMPLETE, EXIT_INCOMPLETE, EXIT_NOT_COMPARED = 0, 1, 3
STAGE_NAMES = {"kafka": "Kafka", "s3": "S3", "snowflake": "Snowflake"}
DESCRIPTION = (
    "Proves that Kafka, S3 and Snowflake hold the same offsets."
    " Without a command it does so all the time, as metrics and status messages."
)
EXAMPLES = """\
Configured by environment variables, see README. Examples:
  stock-auditor                  compare until stopped
  stock-auditor audit            compare once and print the verdict
  stock-auditor replay --dry-run which dead letters would go back to their topics
  stock-auditor accept 1a2b3c4d --reason "no version was kept"
  stock-auditor status list      which keys stock-status has, and which of them readers skip
  stock-auditor audit --help     more examples
"""
AUDIT = """\
Examples:
  stock-auditor audit
  stock-auditor audit --full --drained          after the producer was stopped and the rest was loaded
  stock-auditor audit --topic stock-data --json | jq .complete

Exit code: 0 complete, 1 something is unexplained, 2 the configuration has faults,
3 a stage could not be read.
"""
ACCEPT = """\
Examples:
  stock-auditor audit                               findings that can be accepted end in (accept 1a2b3c4d)
  stock-auditor accept 1a2b3c4d 5e6f7a8b --reason "topic created again after the restore of 2 March"
  stock-auditor accept 1a2b3c4d --withdraw          it is a finding again

An accepted finding is a warning from then on, of exactly this text: another range is another finding.
What can be repaired cannot be accepted.
Exit code: 0 done, 1 nothing was changed because an id is not one of such a finding, 2 wrong arguments,
3 a stage could not be read.
"""


def parse(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The arguments, with `perform` to run the command. It is None where no command is given.

    Exits with 2 for wrong arguments.
    """
    parser = cli.parser("stock-auditor", DESCRIPTION, EXAMPLES)
    parser.set_defaults(perform=None)
    commands = parser.add_subparsers(metavar="COMMAND")

    short = "compare everything once, print the verdict and exit"
    audit = cli.command(commands, "audit", short, AUDIT, "Compares the three stages once.")
    audit.set_defaults(perform=perform_audit)
    add = audit.add_argument
    add("--full", action="store_true", help="compare every object's metadata and every offset, not totals")
    add(
        "--drained",
        action="store_true",
        help="nothing may be on its way, all that is in Kafka is in Snowflake",
    )
    add("--topic", choices=TOPICS, help="only this topic")
    add("--json", action="store_true", help="print the verdict as JSON")

    description = "Accepts losses that cannot be repaired: the audit then reports them as warnings."
    accept = cli.command(commands, "accept", "accept a loss that the audit names", ACCEPT, description)
    accept.set_defaults(perform=perform_accept)
    add = accept.add_argument
    add("ids", nargs="+", metavar="ID", help="eight digits, as the audit prints them after a finding")
    add("--reason", metavar="TEXT", help="why, shown with the warning")
    add("--withdraw", action="store_true", help="take an acceptance back")

    replay.add_arguments(commands)
    compacted.add_arguments(commands)
    found = parser.parse_args(words)
    if found.perform is perform_accept and bool(found.reason) == found.withdraw:
        parser.error("accept takes either --reason TEXT or --withdraw")
    if (action := getattr(found, "action", None)) and bool(found.keys) != (action == "forget"):
        parser.error("forget takes one or more KEYs, list takes none")
    return found


def perform_audit(options: argparse.Namespace) -> int:
    """Runs `audit` and returns its exit code."""
    settings = load_or_exit(AuditorSettings)
    warehouse = Warehouse(settings, SERVICE)
    topics = [options.topic] if options.topic else TOPICS
    limit = 0.0 if options.drained else None
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    try:
        auditor = new_auditor(settings, warehouse, Clients(settings, SERVICE), topics, limit)
        return audit_once(auditor, options.full, options.json, colour, sys.stdout, sys.stderr)
    finally:
        warehouse.close()


def perform_accept(options: argparse.Namespace) -> int:
    """Runs `accept` and returns its exit code."""
    settings = load_or_exit(AuditorSettings)
    clients, now = Clients(settings, SERVICE), datetime.now(UTC)
    topic = KafkaDecisions(clients)
    if options.withdraw:
        return withdraw(topic, options.ids, now, sys.stdout, sys.stderr)
    warehouse = Warehouse(settings, SERVICE)
    try:
        auditor = new_auditor(settings, warehouse, clients)
        return accept(auditor, topic, options.ids, options.reason, now, sys.stdout, sys.stderr)
    finally:
        warehouse.close()


def audit_once(
    auditor: Auditor, by_range: bool, as_json: bool, colour: bool, out: TextIO, err: TextIO
) -> int:
    """Prints the verdict on `out` and returns 0 or 1. A stage that could not be read is named on `err`: 3."""
    try:
        status = auditor.audit_all(by_range).status
    except NotCompared as error:
        return _not_compared(error, err)
    if as_json:
        say(report.as_json(status), out)
    else:
        # Its colours are escapes. as_text has made the rest printable.
        print(report.as_text(status, colour), file=out)
    return EXIT_COMPLETE if status.complete else EXIT_INCOMPLETE


def accept(
    auditor: Auditor,
    topic: DecisionTopic,
    ids: Sequence[str],
    reason: str,
    now: datetime,
    out: TextIO,
    err: TextIO,
) -> int:
    """Accepts the findings that the audit names by these ids, or none. Raises what the topic raises."""
    try:
        texts = {finding_id(text): text for text in report.all_findings(auditor.audit_all().status)}
    except NotCompared as error:
        return _not_compared(error, err)
    for each in ids:
        if refusal := _refusal(each, texts.get(each)):
            say(refusal, err)
            return EXIT_INCOMPLETE
    for each in dict.fromkeys(ids):
        topic.append(Accepted(finding=texts[each], reason=reason, at=now))
        say(f"Accepted: {report.shown(texts[each])}", out)
    return EXIT_COMPLETE


def withdraw(topic: DecisionTopic, ids: Sequence[str], now: datetime, out: TextIO, err: TextIO) -> int:
    """Takes acceptances back, all or none. Raises what the topic raises."""
    register = Register()
    for decision in topic.read():
        register.apply(decision)
    texts = {finding_id(text): text for text in register.accepted}
    if unknown := [each for each in ids if each not in texts]:
        say(f"{', '.join(unknown)}: not accepted, so nothing was withdrawn.", err)
        return EXIT_INCOMPLETE
    for each in dict.fromkeys(ids):
        topic.append(Withdrawn(finding=texts[each], at=now))
        say(f"Withdrawn: {report.shown(texts[each])}", out)
    return EXIT_COMPLETE


def _refusal(each: str, text: str | None) -> str:
    """Why the finding of this id cannot be accepted, empty if it can."""
    if text is None:
        return (
            f"{each} is not a finding's: nothing was accepted."
            " `stock-auditor audit` prints the findings with their ids."
        )
    if not is_acceptable(text):
        advice = "This can be repaired: nothing was accepted. README has the repair of each kind."
        return f"{report.shown(text)}\n{advice}"
    return ""


def _not_compared(error: NotCompared, err: TextIO) -> int:
    say(f"Not compared, {STAGE_NAMES[error.stage]} could not be read: {error}", err)
    return EXIT_NOT_COMPARED
