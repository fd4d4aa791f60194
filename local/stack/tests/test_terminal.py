from __future__ import annotations

import io

from stock_stack.terminal import Terminal


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_renews_the_line_in_place() -> None:
    out = Tty()
    terminal = Terminal(out, colour=True)
    terminal.live("one", 0)
    terminal.live("two", 1)
    terminal.say("bye", bold=True)
    assert out.getvalue() == "\r\x1b[Kone\r\x1b[Ktwo\n\x1b[1mbye\x1b[0m\n"


def test_elsewhere_a_line_comes_every_ten_seconds_without_colour() -> None:
    out = io.StringIO()
    terminal = Terminal(out, colour=True)
    for second in range(21):
        terminal.live(f"at {second}", float(second))
    terminal.say("bye", bold=True)
    assert out.getvalue() == "at 0\nat 10\nat 20\nbye\n"
