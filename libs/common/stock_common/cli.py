"""Command lines: parsers that show examples and the version, and exit codes.

Example:

    found = cli.parser("stock-auditor", "Compares the stages.", "examples:\\n  stock-auditor audit\\n")
    commands = found.add_subparsers(dest="command", metavar="COMMAND")
    audit = cli.command(commands, "audit", "compare once", "examples:\\n  stock-auditor audit --full\\n")
    audit.add_argument("--full", action="store_true", help="read every object's metadata")
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import date

from stock_common import uncaught
from stock_common.printable import say
from stock_common.redaction import from_environment
from stock_common.run import FatalError
from stock_common.service import EXIT_FAILED
from stock_common.version import __version__

EXIT_INTERRUPTED = 130
"""As a shell reports a process that SIGINT ended."""
Commands = argparse._SubParsersAction  # noqa: SLF001 (argparse has no public name for it)


def parser(prog: str, description: str, epilog: str) -> argparse.ArgumentParser:
    """A parser with `--version`. `epilog` is shown line by line as it is written: examples, exit codes."""
    made = argparse.ArgumentParser(
        prog=prog,
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--version", action="version", version=f"{prog} {__version__}")
    return made


def command(
    commands: Commands[argparse.ArgumentParser],
    name: str,
    help: str,
    epilog: str = "",
    description: str = "",
) -> argparse.ArgumentParser:
    """A sub-command. `help` stands in the list of commands, and serves as the description without one."""
    return commands.add_parser(
        name,
        help=help,
        description=description or help,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def day(text: str) -> date:
    """A day for argparse's `type`, written YYYY-MM-DD."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day: write YYYY-MM-DD") from None


def run(
    perform: Callable[[], int], errors: tuple[type[Exception], ...] = (FatalError,), code: int = EXIT_FAILED
) -> int:
    """The exit code of `perform`. One of `errors` is a sentence on stderr and `code`, SIGINT gives 130.

    Any other error is a sentence too, and 1, with secrets masked and no trace.
    """
    uncaught.to_stderr()
    try:
        return perform()
    except errors as error:
        say(from_environment()(str(error)), sys.stderr)
        return code
    except KeyboardInterrupt:
        say("Interrupted.", sys.stderr)
        return EXIT_INTERRUPTED
    except Exception as error:
        say(uncaught.sentence(error), sys.stderr)
        return EXIT_FAILED
