"""The `stock-stack` command."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from stock_stack import demo
from stock_stack.ports import PUBLIC, PortUnusable, default, variable
from stock_stack.screen import Screen
from stock_stack.site import REPOSITORY

EXAMPLES = """\
examples:
  stock-stack demo                                 up until Ctrl-C, with a line that lives
  stock-stack demo --duration 60                   60 s of quotes, then the audit; exit 0 only if nothing is missing or doubled
  STOCK_DASHBOARD_PORT=8600 stock-stack demo       another port for the dashboard
"""


def seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < 86_400 * 365:
        raise ValueError
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="stock-stack", description="Runs the whole pipeline on this machine, without Docker.")
    commands = parser.add_subparsers(dest="command", required=True)
    ports = ", ".join(f"{variable(part)} ({port})" for part, port in PUBLIC.items())
    command = commands.add_parser(
        "demo",
        help="start everything and show what comes through",
        description="Starts ZooKeeper, Kafka, S3, Snowflake, the market and the five services, all local, and shows what comes through.",
        epilog=f"{EXAMPLES}\nports (all on 127.0.0.1): {ports}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("--duration", type=seconds, metavar="S", help="stop the producer after S seconds, drain, audit, stop everything")
    command.add_argument("--keep", action="store_true", help="go on with the data of the last run instead of starting empty")
    command.add_argument("--data", type=Path, default=REPOSITORY / ".build" / "demo", metavar="DIR", help="data and logs (default: .build/demo)")
    return parser


def main() -> int:
    arguments = _parser().parse_args()
    screen = Screen(sys.stdout, colour="NO_COLOR" not in os.environ)
    try:
        ports = default(os.environ)
        with demo.prepare(arguments.data.resolve(), arguments.keep):
            return demo.run(arguments.data.resolve(), ports, arguments.duration, screen)
    except (PortUnusable, demo.Unusable) as error:
        print(error, file=sys.stderr)
        return demo.EXIT_UNUSABLE


if __name__ == "__main__":
    sys.exit(main())
