"""The commands and their options. An option stands for its environment variable, for this run."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from datetime import date

from stock_producer.plans import CUSTOM, PLANS
from stock_producer.series import DAILY, INTERVALS

_EXAMPLES = """\
Without a command it runs until SIGTERM or Ctrl-C. It is configured by environment variables; README.md has them all.

examples:
  ALPHA_VANTAGE_API_KEY=... SYMBOLS=AAPL,MSFT,IBM stock-producer
  ALPHA_VANTAGE_API_KEY=... ALPHA_VANTAGE_PLAN=150 SYMBOLS=AAPL,TSCO.LON STATE_DIR=/var/lib/stock stock-producer
  QUOTE_SOURCE=simulated ALPHA_VANTAGE_URL=http://localhost:8091/query ALPHA_VANTAGE_API_KEY=any \\
    ALPHA_VANTAGE_PLAN=1200 MARKET_CALENDAR=24/7 SYMBOLS=AAPL,MSFT stock-producer
  stock-producer plan --plan free --symbols AAPL,MSFT,IBM
  stock-producer backfill --symbols IBM --from 2024-01-01
  stock-producer symbols search tesco
"""
_PLAN = """\
examples:
  stock-producer plan                                     the current settings
  stock-producer plan --plan free --symbols AAPL,MSFT,IBM
  stock-producer plan --plan 75 --symbols AAPL,TSCO.LON --json
"""
_BACKFILL = """\
It keeps within the budget, goes on where it was stopped, and may be run again: what is there already costs no call. stock-producer must
not run meanwhile with the same key. Exit code 3: today's calls are used up, the rest is for another day.

examples:
  stock-producer backfill --from 2024-01-01
  stock-producer backfill --symbols AAPL,IBM --from 2024-01-01 --to 2024-12-31 --interval daily
  stock-producer backfill --symbols IBM --from 2026-01-01 --interval 5min --wait
"""


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command (`command`, None: run) and its options; options that are variables are set in the environment."""
    parser = argparse.ArgumentParser(
        prog="stock-producer",
        description="Fetches quotes from Alpha Vantage within the plan's limits and the exchanges' hours, and sends them to Kafka.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", title="commands")
    plan = _command(commands, "plan", "Tells what would be fetched when, how fresh it is, and what is not possible. Calls nobody.", _PLAN)
    plan.add_argument("--plan", choices=[*PLANS, CUSTOM], help="default: ALPHA_VANTAGE_PLAN")
    plan.add_argument("--symbols", help="by commas; default: SYMBOLS")
    plan.add_argument("--json", action="store_true", help="for programs")
    backfill = _command(commands, "backfill", "Fetches history into the topic stock-bars.", _BACKFILL)
    backfill.add_argument("--symbols", help="by commas; default: SYMBOLS")
    backfill.add_argument("--from", dest="first", type=_day, required=True, metavar="DAY", help="first day, YYYY-MM-DD")
    backfill.add_argument(
        "--to", dest="last", type=_day, metavar="DAY", help="last day; default: the last that has closed, or that of a backfill to go on with"
    )
    backfill.add_argument("--interval", choices=INTERVALS, default=DAILY, help="default: daily")
    backfill.add_argument("--wait", action="store_true", help="go on the next day when the day's calls are used up, instead of ending")
    symbols = _command(commands, "symbols", "Finds out what the vendor calls a company.", "example:\n  stock-producer symbols search tesco\n")
    search = symbols.add_subparsers(dest="action", required=True, title="commands").add_parser("search", help="One call of the budget.")
    search.add_argument("text")
    found = parser.parse_args(arguments)
    for option, variable in (("plan", "ALPHA_VANTAGE_PLAN"), ("symbols", "SYMBOLS")):
        if getattr(found, option, None):
            os.environ[variable] = getattr(found, option)
    return found


def _command(commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, told: str, examples: str) -> argparse.ArgumentParser:
    return commands.add_parser(name, help=told, description=told, epilog=examples, formatter_class=argparse.RawDescriptionHelpFormatter)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2024-01-31") from None
