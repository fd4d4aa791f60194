"""The command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime

from stock_common.topics import SUNK

TOPICS = [topic.name for topic in SUNK]
EXAMPLES = """\
Configured by environment variables, see README. Examples:
  stock-auditor                  compare until stopped
  stock-auditor audit            compare once and print the verdict
  stock-auditor replay --dry-run which dead letters would go back to their topics
  stock-auditor accept 1a2b3c4d --reason "no version was kept"
  stock-auditor audit --help     more examples
"""
AUDIT = """\
Examples:
  stock-auditor audit
  stock-auditor audit --full --drained          after the producer was stopped and the rest was loaded
  stock-auditor audit --topic stock-data --json | jq .complete

Exit code: 0 complete, 1 something is unexplained, 2 the configuration has faults, 3 a stage could not be read.
"""
ACCEPT = """\
Examples:
  stock-auditor audit                                              findings that can be accepted end in (accept 1a2b3c4d)
  stock-auditor accept 1a2b3c4d 5e6f7a8b --reason "topic made anew after the restore of 2 March"
  stock-auditor accept 1a2b3c4d --withdraw                         it is a finding again

An accepted finding is a warning from then on, of exactly this text: another range is another finding. What can be repaired cannot be accepted.
Exit code: 0 done, 1 nothing was changed because an id is not one of such a finding, 2 wrong arguments, 3 a stage could not be read.
"""
REPLAY = """\
Examples:
  stock-auditor replay --dry-run                                   how many of each kind, and samples
  stock-auditor replay --topic stock-data --reason schema --limit 1
  stock-auditor replay --from 2026-03-02T14:00 --to 2026-03-02T16:00
  stock-auditor replay --reason schema --edit "jq --compact-output '.price |= tonumber'"

Each letter goes to the partition that it came from with its bytes, key and headers, and `replay-of` in a header of its own. It is sent at most
once: run it again after it was killed, and it goes on. A record that is refused once more is a letter of its own, sent with --again only.
Exit code: 0 done, 1 letters were left out or another replay runs, 2 wrong arguments, 3 Kafka did not answer: run it again.
"""


def parse(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The arguments; `command` is None where none is given. Exits with 2 for wrong ones."""
    parser = argparse.ArgumentParser(
        prog="stock-auditor",
        description="Proves that Kafka, S3 and Snowflake hold the same offsets: without a command all the time, as metrics and status messages.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    _audit(_command(commands, "audit", "compare everything once, print the verdict and exit", "Compares the three stages once.", AUDIT))
    accept = "Accepts losses that cannot be repaired: the audit then tells them as warnings."
    _accept(_command(commands, "accept", "accept a loss that the audit names", accept, ACCEPT))
    replay = "Sends dead letters back to the topics they came from, after what refused them was mended."
    _replay(_command(commands, "replay", "send dead letters back to their topics", replay, REPLAY))
    found = parser.parse_args(words)
    if found.command == "accept" and bool(found.reason) == found.withdraw:
        parser.error("accept takes either --reason TEXT or --withdraw")
    return found


def _command(commands: argparse._SubParsersAction, name: str, short: str, description: str, epilog: str) -> argparse.ArgumentParser:
    return commands.add_parser(name, help=short, description=description, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter)


def _audit(audit: argparse.ArgumentParser) -> None:
    audit.add_argument(
        "--full", action="store_true", help="also read every object's metadata, and compare the tables offset by offset, not by totals"
    )
    audit.add_argument("--drained", action="store_true", help="nothing may be on its way: what is in Kafka must be on S3 and in Snowflake")
    audit.add_argument("--topic", choices=TOPICS, help="only this topic")
    audit.add_argument("--json", action="store_true", help="print the verdict as JSON")


def _accept(accept: argparse.ArgumentParser) -> None:
    accept.add_argument("ids", nargs="+", metavar="ID", help="eight digits, as the audit prints them behind a finding")
    accept.add_argument("--reason", metavar="TEXT", help="why; shown with the warning")
    accept.add_argument("--withdraw", action="store_true", help="take an acceptance back")


def _replay(replay: argparse.ArgumentParser) -> None:
    replay.add_argument("--topic", choices=TOPICS, help="only letters from this topic")
    replay.add_argument("--partition", type=count, metavar="N", help="only letters from this partition")
    replay.add_argument("--reason", help="only letters with this reason: empty, json, schema, range")
    replay.add_argument("--from", dest="since", type=instant, metavar="TIME", help="only records since then (UTC unless it says another zone)")
    replay.add_argument("--to", dest="until", type=instant, metavar="TIME", help="only records before then")
    replay.add_argument("--again", action="store_true", help="also records that were a replay themselves and were refused once more")
    replay.add_argument("--limit", type=count, metavar="N", help="at most so many letters")
    replay.add_argument("--edit", metavar="COMMAND", help="each value goes through this command; what it fails on is left out")
    replay.add_argument("--dry-run", action="store_true", help="send nothing: say what would be sent, with samples")
    replay.add_argument("--json", action="store_true", help="print the outcome as JSON")


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
