"""The `stock-stack` command."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from stock_common import cli
from stock_stack import demo, preparation
from stock_stack.ports import PUBLIC, PortUnusable, default, variable
from stock_stack.registry import REPOSITORY
from stock_stack.services import SERVICES
from stock_stack.terminal import Terminal

EXAMPLES = """\
examples:
  stock-stack demo                             runs until Ctrl-C, with a progress line
  stock-stack demo --duration 60               60 s of quotes, then the audit
  STOCK_DASHBOARD_PORT=8600 stock-stack demo   another port for the dashboard
  stock-stack run auditor audit                the audit of the demo that runs
  stock-stack run sf-loader once               a command of any service

exit codes: 0, with --duration only if no record is missing or doubled
            1 when a part failed or the audit found something
            2 when the demo cannot start here
            130 after Ctrl-C before everything was up, and with --duration
"""


def seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < 86_400 * 365:
        raise ValueError
    return value


def _parser() -> argparse.ArgumentParser:
    parser = cli.parser("stock-stack", "Runs the whole pipeline on this machine, without Docker.", EXAMPLES)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    ports = "\n".join(f"  {variable(part)} ({port})" for part, port in PUBLIC.items())
    command = cli.command(
        commands,
        "demo",
        "start everything and show what comes through",
        f"{EXAMPLES}\nports (all on 127.0.0.1):\n{ports}",
        "Starts ZooKeeper, Kafka, S3, Snowflake, the market and the services, and shows what comes through.",
    )
    command.add_argument(
        "--duration",
        type=seconds,
        metavar="S",
        help="stop the producer after S seconds, drain, audit, stop everything",
    )
    command.add_argument(
        "--keep", action="store_true", help="go on with the data of the last run instead of starting empty"
    )
    command.add_argument(
        "--schedule",
        metavar="NAME",
        help="a free key that meets a schedule of the market's, as 'free key, Thanksgiving'",
    )
    run = cli.command(commands, "run", "run a command of a service of the demo that runs", EXAMPLES)
    for each in (command, run):
        each.add_argument(
            "--data",
            type=Path,
            default=REPOSITORY / ".build" / "demo",
            metavar="DIR",
            help="data and logs (default: .build/demo)",
        )
    run.add_argument("service", choices=SERVICES, help=", ".join(SERVICES), metavar="SERVICE")
    run.add_argument("words", nargs=argparse.REMAINDER, help="its command", metavar="COMMAND")
    return parser


def main() -> int:
    arguments = _parser().parse_args()
    terminal = Terminal(sys.stdout, colour="NO_COLOR" not in os.environ)

    def perform() -> int:
        data = arguments.data.resolve()
        if arguments.command == "run":
            demo.command(data, arguments.service, arguments.words)
        ports = default(os.environ)
        with preparation.prepare(data, arguments.keep) as mark:
            preparation.announce(mark, {part: ports[part] for part in PUBLIC})
            return demo.run(data, ports, arguments.duration, terminal, arguments.schedule)

    return cli.run(perform, (PortUnusable, preparation.Unusable), preparation.EXIT_UNUSABLE)


if __name__ == "__main__":
    sys.exit(main())
