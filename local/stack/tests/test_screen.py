from __future__ import annotations

import io

from stock_stack.screen import Screen


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_renews_the_line_in_place() -> None:
    out = Terminal()
    screen = Screen(out, colour=True)
    screen.live("one", 0)
    screen.live("two", 1)
    screen.say("end", bold=True)
    assert out.getvalue() == "\r\x1b[Kone\r\x1b[Ktwo\n\x1b[1mend\x1b[0m\n"


def test_elsewhere_a_line_comes_every_ten_seconds_without_colour() -> None:
    out = io.StringIO()
    screen = Screen(out, colour=True)
    for second in range(21):
        screen.live(f"at {second}", float(second))
    screen.say("end", bold=True)
    assert out.getvalue() == "at 0\nat 10\nat 20\nend\n"
