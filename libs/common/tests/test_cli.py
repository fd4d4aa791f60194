import argparse
from datetime import date

import pytest

from stock_common import cli
from stock_common.run import FatalError
from stock_common.version import __version__

EXAMPLES = """\
examples:
  stock-example look       two   spaces   stay
"""


def make() -> argparse.ArgumentParser:
    parser = cli.parser("stock-example", "Shows how.", EXAMPLES)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    look = cli.command(commands, "look", "have a look", "example:\n  stock-example look --day 2026-01-31\n")
    look.add_argument("--day", type=cli.day)
    return parser


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        make().parse_args(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"stock-example {__version__}\n"


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["--help"], "examples:\n  stock-example look       two   spaces   stay\n"),
        (["--help"], "have a look"),
        (["look", "--help"], "have a look"),
        (["look", "--help"], "example:\n  stock-example look --day 2026-01-31\n"),
    ],
)
def test_help_shows_examples_as_they_are_written(
    words: list[str], shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        make().parse_args(words)
    assert shown in capsys.readouterr().out


def test_a_day(capsys: pytest.CaptureFixture[str]) -> None:
    assert make().parse_args(["look", "--day", "2026-01-31"]).day == date(2026, 1, 31)
    with pytest.raises(SystemExit) as ended:
        make().parse_args(["look", "--day", "31.1.2026"])
    assert ended.value.code == 2
    assert "'31.1.2026' is not a day: write YYYY-MM-DD" in capsys.readouterr().err


def _raise(error: BaseException) -> int:
    raise error


def test_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(lambda: 3) == 3
    assert cli.run(lambda: _raise(FatalError("create the bucket"))) == 1
    assert cli.run(lambda: _raise(OSError("no answer")), errors=(FatalError, OSError), code=4) == 4
    assert cli.run(lambda: _raise(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "create the bucket\nno answer\nInterrupted.\n"
    assert cli.run(lambda: _raise(RuntimeError("a bug")), code=3) == 1
    assert "please report it: RuntimeError: a bug (" in capsys.readouterr().err
