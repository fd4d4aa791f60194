"""The command line."""

from __future__ import annotations

import argparse
from datetime import date

from stock_sf_loader import setup
from stock_sf_loader.metrics import TOPICS

EXAMPLES = """\
examples:
  stock-sf-loader                                load every LOAD_INTERVAL_SECONDS, until SIGTERM
  stock-sf-loader setup --help                   the administrator's SQL for a Snowflake account
  stock-sf-loader migrate                        make or renew the warehouse's tables, stage and views
  stock-sf-loader verify                         is everything there, and may the loader use it?
  stock-sf-loader once                           one cycle, and say what was loaded
  stock-sf-loader once --json                    the same for a program; exit code 1 when there is a fault
  stock-sf-loader retry                          try every quarantined object again
  stock-sf-loader reload --day 2026-03-02        load the objects of a day again
  stock-sf-loader rebuild --topic stock-data     rebuild a table from S3, compare, put it in place
  stock-sf-loader prune --before 2026-01-01      take old rows out

Configuration is by environment variables: see README.md. `stock-sf-loader COMMAND --help` tells more.
"""
SETUP = """\
examples:
  stock-sf-loader setup --bucket stocks-0a1b2c3d --role-arn arn:aws:iam::123456789012:role/stock-pipeline-snowflake-role \\
    --external-id 0b9d2c --loader-key loader.pub --auditor-key auditor.pub --dashboard-key dashboard.pub >account.sql
  stock-sf-loader setup ... | snowsql -a myorg-myaccount -u ADMIN -r ACCOUNTADMIN -o exit_on_error=true

It only prints; whoever has ACCOUNTADMIN runs it, and may run it again. No variable needs to be set.
"""
VERIFY = """\
examples:
  stock-sf-loader verify
  stock-sf-loader verify --json

Signs in as the loader and tries what loading and repairing takes; for each thing that is missing it says the statement that gives it. Nothing is
changed: trials are rolled back, and one empty table is made and dropped. It wakes the warehouse, for a minute's price. Exit code 1 when something
is missing, and when Snowflake does not answer.
"""
RETRY = """\
examples:
  stock-sf-loader retry                          every quarantined object
  stock-sf-loader retry raw/stock-data/.../o00000000000000001234.parquet

Exit code 1 when one of them stays quarantined.
"""
RELOAD = """\
examples:
  stock-sf-loader reload --day 2026-03-02 --dry-run
  stock-sf-loader reload --day 2026-03-02
  stock-sf-loader reload --day 2026-03-02 --topic stock-alerts

Exit code 1 when a chain was left as it is, for the reason told. Killed, it can be run again.
"""
REBUILD = """\
examples:
  stock-sf-loader rebuild --dry-run              is what S3 holds what the tables hold?
  stock-sf-loader rebuild
  stock-sf-loader rebuild --topic stock-data --accept-differences

Exit code 1 when something differs; then the table is left as it is, and what was rebuilt stays beside it (..._REBUILD). Killed, it goes on
where it was when it is run again. It needs a role that may create tables in RAW.
"""
PRUNE = """\
examples:
  stock-sf-loader prune --before 2026-01-01 --dry-run
  stock-sf-loader prune --before 2026-01-01

Objects on S3 are not touched.
"""


def parse(words: list[str] | None = None) -> argparse.Namespace:
    """The arguments; `command` is run where none is given. Exits with 2 for wrong ones."""
    parser = argparse.ArgumentParser(
        prog="stock-sf-loader",
        description="Loads the objects on S3 into Snowflake, each exactly once.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    parser.set_defaults(command="run")
    _command(commands, "run", "load until SIGTERM (the default)")
    _command(commands, "once", "one cycle").add_argument("--json", action="store_true", help="print JSON")
    _command(commands, "migrate", "make or renew the warehouse's tables, stage and views")
    setup.add_arguments(_command(commands, "setup", "print the SQL that an administrator of the account runs once", SETUP))
    _command(commands, "verify", "say what the loader lacks in Snowflake", VERIFY).add_argument("--json", action="store_true", help="print JSON")
    retry = _command(commands, "retry", "try quarantined objects again", RETRY)
    retry.add_argument("keys", nargs="*", metavar="KEY", help="key of a quarantined object (default: all of them)")
    reload = _command(commands, "reload", "load the objects of a day again", RELOAD)
    reload.add_argument("--day", type=_day, required=True, metavar="YYYY-MM-DD", help="the dt= of the objects' keys, UTC")
    _shared(reload, "only say what would be loaded again")
    rebuild = _command(commands, "rebuild", "rebuild tables from S3, compare, put them in place", REBUILD)
    _shared(rebuild, "compare, put nothing in place, leave nothing behind")
    rebuild.add_argument("--accept-differences", action="store_true", help="put in place what differs too: S3 is right")
    rebuild.add_argument("--restart", action="store_true", help="forget what an earlier run has left beside the tables")
    prune = _command(commands, "prune", "take old rows out of the tables and mark their objects as pruned", PRUNE)
    prune.add_argument("--before", type=_day, required=True, metavar="YYYY-MM-DD", help="first day that stays, UTC; today at the latest")
    _shared(prune, "only say what would be pruned")
    return parser.parse_args(words)


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, what: str, epilog: str | None = None
) -> argparse.ArgumentParser:
    return commands.add_parser(name, help=what, description=what, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day: write YYYY-MM-DD") from None


def _shared(parser: argparse.ArgumentParser, dry: str) -> None:
    parser.add_argument("--topic", choices=TOPICS, help="only this one (default: all)")
    parser.add_argument("--dry-run", action="store_true", help=dry)
