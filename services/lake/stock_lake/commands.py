"""The commands of `stock-lake`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb

from stock_common import cli, table
from stock_common.printable import say
from stock_common.run import FatalError
from stock_common.settings import load_or_exit
from stock_lake import manifest, output, query
from stock_lake.config import LakeSettings
from stock_lake.tables import TABLES
from stock_objects.store import ObjectStore

DESCRIPTION = "Makes one sorted file a day and topic out of the chains on S3, and answers SQL over them."
EPILOG = """\
examples:
  stock-lake                                     until stopped: each day when it is closed
  stock-lake make                                the days that are closed and not in the lake, once
  stock-lake days                                what the lake holds
  stock-lake sql "SELECT * FROM latest_quotes"

exit codes:
  0  done
  1  a day could not be made, or a question not answered: the last line says why
  2  the configuration or the arguments have faults
"""
SQL = """\
views, with the columns of Snowflake's ANALYTICS:
  quotes  latest_quotes  movers  ticks  alerts
  bars_1min  bars_5min  bars_15min  bars_30min  bars_1h  bars_1d

examples:
  stock-lake sql "SELECT trading_day, close FROM bars_1d WHERE symbol = 'IBM' ORDER BY 1"
  stock-lake sql --as-of 2026-11-25T15:31Z "SELECT symbol, price FROM latest_quotes"
  stock-lake sql --closed --format parquet "SELECT * FROM quotes" > quotes.parquet
"""


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """`perform` is None where the service itself is to run."""
    parser = cli.parser("stock-lake", DESCRIPTION, EPILOG)
    parser.set_defaults(perform=None)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    cli.command(commands, "make", "make the closed days that are not in the lake").set_defaults(perform=make)
    cli.command(commands, "days", "list the days of the lake").set_defaults(perform=days)
    sql = cli.command(commands, "sql", "answer a question over the views", SQL)
    sql.add_argument("query", metavar="SQL", help="a SELECT in DuckDB's words")
    sql.add_argument("--as-of", type=instant, metavar="TIME", help="show what the pipeline knew then")
    sql.add_argument(
        "--closed", action="store_true", help="only days that are in the lake: reads fewer objects"
    )
    sql.add_argument("--format", choices=output.FORMATS, default="table", help="json is one object a line")
    sql.set_defaults(perform=answer)
    return parser.parse_args(arguments)


def instant(text: str) -> datetime:
    """An instant for argparse's `type`."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: write 2026-11-25T15:31Z") from None
    if found.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} has no offset from UTC: write 2026-11-25T15:31Z")
    return found


def make(_: argparse.Namespace) -> int:
    """Makes what is closed, and says each day."""
    # The other commands answer sooner without Iceberg's modules.
    from stock_lake.app import opened
    from stock_lake.lake import last_closed

    settings = load_or_exit(LakeSettings)
    closed = last_closed(datetime.now(UTC), settings.lake_settle_seconds)
    with opened(settings) as lake:
        for each in TABLES:
            for made in lake.run(each, closed):
                say(f"{made.day} {each.name}: {made.rows_out:,} rows, {made.resent:,} resent left out.")
    say(f"All days up to {closed} are in the lake.")
    return 0


def days(_: argparse.Namespace) -> int:
    """Lists the days, from their manifests."""
    bucket = ObjectStore(load_or_exit(LakeSettings))
    rows: list[tuple[Any, ...]] = [
        ("table", "day", "rows in", "resent", "rows out", "rejected", "holes", "lost", "files", "bytes")
    ]
    for each in TABLES:
        for day, made in manifest.current(bucket, each.name).items():
            counts = (made.rows_in, made.resent, made.rows_out, made.rejected, made.holes, made.lost)
            sizes = (len(made.files), sum(file.bytes for file in made.files))
            rows.append((each.name, day, *(f"{number:,}" for number in (*counts, *sizes))))
    say(table.text(rows, left=2))
    return 0


def answer(options: argparse.Namespace) -> int:
    """Answers one question."""
    settings = load_or_exit(LakeSettings)
    with query.connect(settings, as_of=options.as_of, closed=options.closed) as connection:
        try:
            kinds = [statement.type for statement in connection.extract_statements(options.query)]
            if kinds != [duckdb.StatementType.SELECT]:
                raise FatalError("The question gives no rows: write one SELECT.")
            output.FORMATS[options.format](connection.sql(options.query).to_arrow_reader())
        except duckdb.Error as error:
            raise FatalError(f"DuckDB does not take the question: {error}") from None
    return 0
