"""The commands and their options. An option stands for its environment variable, for this run."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from stock_common import cli
from stock_producer.vendor.base import DAILY
from stock_producer.vendor.settings import SourceSettings

DESCRIPTION = (
    "Fetches quotes within the plan's limits and the exchanges' hours, and sends them to Kafka. "
    "Environment variables configure it."
)
_EXAMPLES = """\
Without a command it runs until SIGTERM or Ctrl-C. README.md has all variables.
examples:
{examples}  stock-producer backfill --symbols IBM --from 2024-01-01
  stock-producer symbols search tesco

exit codes:
  0  stopped by SIGTERM or SIGINT
  1  an operator must act, as the last log line says
  2  the configuration has faults, or the plan has none of the bars that backfill is to fetch
"""
_PLAN = """\
examples:
  stock-producer plan                                     the current settings
  stock-producer plan --symbols AAPL,TSCO.LON --json
"""
_DOCTOR = """\
It makes three calls at most, counted in the budget, and keeps nothing of them. It says what the key may see,
how far the clock is off, when each exchange next trades, which alert rules can fire, and what the page will
show tomorrow at 08:00 where the machine runs until then. It does not ask Kafka.
stock-producer must not run meanwhile with the same key.
Exit code 0: the pipeline will do what the settings say. 1: it will not.
examples:
  stock-producer doctor                                   the current settings
  stock-producer doctor --json
"""
_BACKFILL = """\
It keeps within the budget, goes on where it was stopped, and may be run again.
What is there already costs no call.
stock-producer must not run meanwhile with the same key.
Exit code 3: today's calls are used up, the rest is for another day. 2: the plan has none of these bars.
1: a symbol was not fetched, or has no bar of these days.
examples:
  stock-producer backfill --from 2024-01-01
  stock-producer backfill --symbols AAPL,IBM --from 2024-01-01 --to 2024-12-31 --interval daily
  stock-producer backfill --symbols IBM --from 2026-01-01 --interval 5min --wait
"""
_OUTBOX = """\
Kafka refuses some messages for good, as one that is too large. They are kept apart, so that the others go on.
stock-producer must not run meanwhile.
examples:
  stock-producer outbox list
  stock-producer outbox retry 17 18       send them again, after max.message.bytes was raised
  stock-producer outbox delete 17
"""
_SYMBOLS = """\
example:
  stock-producer symbols search tesco
"""


def parse(kind: type[SourceSettings], arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command (`command`, None: run) and its options.

    Options that are variables are set in the environment.

    kind: the settings of the source, which have its plans and its intervals.
    """
    parser = cli.parser("stock-producer", DESCRIPTION, _EXAMPLES.format(examples=kind.description.examples))
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    _add_plan(commands, kind)
    doctor = cli.command(commands, "doctor", "Checks key, clock, symbols and rules with 3 calls.", _DOCTOR)
    doctor.add_argument("--json", action="store_true", help="for programs")
    _add_backfill(commands, kind)
    summary = "Shows messages that Kafka refused for good, and sends or deletes them."
    outbox = cli.command(commands, "outbox", summary, _OUTBOX)
    outbox.add_argument("action", choices=("list", "retry", "delete"))
    outbox.add_argument("numbers", nargs="*", type=int, metavar="NUMBER", help="as list shows them")
    symbols = cli.command(commands, "symbols", "Finds the vendor's symbol of a company.", _SYMBOLS)
    search = symbols.add_subparsers(dest="action", required=True, metavar="COMMAND").add_parser(
        "search", help="One call of the budget."
    )
    search.add_argument("text", type=_words)
    found = parser.parse_args(arguments)
    for option, variable in (("plan", kind.plan_variable), ("symbols", "SYMBOLS")):
        if getattr(found, option, None):
            os.environ[variable] = getattr(found, option)
    return found


def _words(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("it is blank, and a search for nothing would cost a call")
    return text.strip()


def _add_plan(commands: cli.Commands[argparse.ArgumentParser], kind: type[SourceSettings]) -> None:
    summary = "Shows what would be fetched when, how fresh it is, and what is not possible. It makes no call."
    plan = cli.command(commands, "plan", summary, _PLAN)
    if kind.plan_names:
        plan.add_argument("--plan", choices=kind.plan_names, help=f"default: {kind.plan_variable}")
    plan.add_argument("--symbols", help="by commas, default: SYMBOLS")
    plan.add_argument("--json", action="store_true", help="for programs")


def _first_day(text: str) -> date:
    """A day, or how many days ago (UTC)."""
    if text[:-1].isdigit() and text.endswith("d"):
        return datetime.now(UTC).date() - timedelta(days=int(text[:-1]))
    return cli.day(text)


def _add_backfill(commands: cli.Commands[argparse.ArgumentParser], kind: type[SourceSettings]) -> None:
    backfill = cli.command(commands, "backfill", "Fetches history into the topic stock-bars.", _BACKFILL)
    backfill.add_argument("--symbols", help="by commas, default: SYMBOLS")
    backfill.add_argument(
        "--from",
        dest="first",
        type=_first_day,
        required=True,
        metavar="DAY",
        help="first day, YYYY-MM-DD, or so many days ago: 365d",
    )
    backfill.add_argument(
        "--to",
        dest="last",
        type=cli.day,
        metavar="DAY",
        help="last day, default: the last that has closed, or that of a backfill to go on with",
    )
    intervals = kind.description.intervals
    backfill.add_argument("--interval", choices=intervals, default=DAILY, help="default: daily")
    backfill.add_argument(
        "--wait",
        action="store_true",
        help="go on the next day when the day's calls are used up, instead of ending",
    )
