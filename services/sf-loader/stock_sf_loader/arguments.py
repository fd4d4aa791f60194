"""The command line."""

from __future__ import annotations

import argparse

from stock_common import cli
from stock_sf_loader.account import setup_options
from stock_sf_loader.metrics import TOPICS

NAME = "stock-sf-loader"
EXAMPLES = """\
examples:
  stock-sf-loader                                load every LOAD_INTERVAL_SECONDS, until SIGTERM
  stock-sf-loader setup --help                   the administrator's SQL for a Snowflake account
  stock-sf-loader selftest                       does this account take every statement? before migrate
  stock-sf-loader migrate                        make or renew the warehouse's tables, stage and views
  stock-sf-loader verify                         is everything there, and may the loader use it?
  stock-sf-loader once                           one cycle, and report what was loaded
  stock-sf-loader once --json                    the same for a program; exit code 1 when there is a fault
  stock-sf-loader retry                          try every quarantined object again
  stock-sf-loader reload --day 2026-03-02        load the objects of a day again
  stock-sf-loader rebuild --topic stock-data     rebuild a table from S3, compare, put it in place
  stock-sf-loader prune --before 2026-01-01      delete old rows

Configuration is by environment variables: see README.md. `stock-sf-loader COMMAND --help` shows more.
"""
SETUP = """\
examples:
  stock-sf-loader setup --bucket stocks-0a1b2c3d --external-id 0b9d2c \\
    --role-arn arn:aws:iam::123456789012:role/stock-pipeline-snowflake-role \\
    --loader-key loader.pub --auditor-key auditor.pub --dashboard-key dashboard.pub >account.sql
  snow sql -f account.sql --role ACCOUNTADMIN

It only prints SQL. Run the SQL as ACCOUNTADMIN, more than once if needed. No variable needs to be set.
"""
VERIFY = """\
examples:
  stock-sf-loader verify
  stock-sf-loader verify --json

Signs in as the loader and tries what loading and repairing need. For each missing thing it prints the
statement that gives it. Nothing is changed: trials are rolled back, and one empty table is made and dropped.
It wakes the warehouse, which costs a minute. Exit code 1 when something is missing, and when Snowflake does
not answer.
"""
SELFTEST = """\
examples:
  stock-sf-loader selftest
  stock-sf-loader selftest --json

Run it once on a new account, before migrate, with SNOWFLAKE_ROLE set to the owner's role. It tries every
statement of the pipeline in two scratch schemas: DDL and views twice, COPY of good and bad objects, the
ledger, what dashboard and auditor ask, and two sessions on the lease. It takes about two minutes, wakes the
warehouse, puts four objects below raw/selftest/, and removes all of it. An identity that may not put objects
leaves COPY out. Exit code 1 when Snowflake answered otherwise than expected: the output is for an issue.
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

Exit code 1 when a chain was left as it is. The reason is printed. If it is killed, run it again.
"""
REBUILD = """\
examples:
  stock-sf-loader rebuild --dry-run              do the tables hold what S3 holds?
  stock-sf-loader rebuild
  stock-sf-loader rebuild --topic stock-data --accept-differences

Exit code 1 when something differs. Then the table is left as it is, and the rebuilt rows stay in a table
named ..._REBUILD. If it is killed, run it again: it continues where it was. The role must be allowed to
create tables in RAW.
"""
PRUNE = """\
examples:
  stock-sf-loader prune --before 2026-01-01 --dry-run
  stock-sf-loader prune --before 2026-01-01

Objects on S3 are not touched.
"""


def parse(words: list[str] | None = None) -> argparse.Namespace:
    """The arguments. `command` is run when none is given. Exits with 2 for wrong ones."""
    parser = cli.parser(NAME, "Loads the objects on S3 into Snowflake, each exactly once.", EXAMPLES)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    parser.set_defaults(command="run")
    cli.command(commands, "run", "load until SIGTERM (the default)")
    _json(cli.command(commands, "once", "one cycle"))
    cli.command(commands, "migrate", "make or renew the warehouse's tables, stage and views")
    setup = cli.command(
        commands, "setup", "print the SQL that an administrator of the account runs once", SETUP
    )
    setup_options.add_arguments(setup)
    _json(cli.command(commands, "verify", "report what the loader lacks in Snowflake", VERIFY))
    _json(cli.command(commands, "selftest", "try every statement of the pipeline on a new account", SELFTEST))
    _add_repairs(commands)
    return parser.parse_args(words)


def _add_repairs(commands: cli.Commands[argparse.ArgumentParser]) -> None:
    retry = cli.command(commands, "retry", "try quarantined objects again", RETRY)
    retry.add_argument(
        "keys", nargs="*", metavar="KEY", help="key of a quarantined object (default: all of them)"
    )
    reload = cli.command(commands, "reload", "load the objects of a day again", RELOAD)
    _day(reload, "--day", "the dt= of the objects' keys, UTC")
    _shared(reload, "only report what would be loaded again")
    rebuild = cli.command(commands, "rebuild", "rebuild tables from S3, compare, put them in place", REBUILD)
    _shared(rebuild, "compare, put nothing in place, leave no table")
    rebuild.add_argument(
        "--accept-differences", action="store_true", help="put in place what differs too: S3 is right"
    )
    rebuild.add_argument("--restart", action="store_true", help="drop what an earlier run has rebuilt")
    prune = cli.command(
        commands, "prune", "delete old rows from the tables and mark their objects as pruned", PRUNE
    )
    _day(prune, "--before", "first day that stays, UTC; today at the latest")
    _shared(prune, "only report what would be pruned")


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def _day(parser: argparse.ArgumentParser, name: str, text: str) -> None:
    parser.add_argument(name, type=cli.day, required=True, metavar="YYYY-MM-DD", help=text)


def _shared(parser: argparse.ArgumentParser, dry: str) -> None:
    parser.add_argument("--topic", choices=TOPICS, help="only this one (default: all)")
    parser.add_argument("--dry-run", action="store_true", help=dry)
