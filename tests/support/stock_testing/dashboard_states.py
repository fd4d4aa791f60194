"""Brings a stack into each state that the dashboard can show, and walks every page on four screens.

    python -m stock_testing.dashboard_states --out /tmp/pictures                 all states, about ten minutes
    python -m stock_testing.dashboard_states --out /tmp/pictures --states normal --seconds 60

It runs in local/stack's test environment, and writes a screenshot of each page, screen and state for a person
to look at. Exit code 1 when a page showed an exception, an error in the console or a layout shift of more
than 0.1, or when it did not name the state.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from stock_stack.counts import Progress
from stock_stack.layout import Layout
from stock_stack.ports import free
from stock_stack.services import ALL
from stock_stack.stack import Stack
from stock_testing import tab
from stock_testing.pipeline import QUICK
from stock_testing.poll import poll_until
from stock_testing.tab import Tab
from stock_testing.walk import PAGES, walk

STALE_SECONDS = 70.0
OUTAGE_SECONDS = 12.0
EVERYWHERE = tuple(PAGES)


class State(NamedTuple):
    """`bring` makes it so and `after` undoes it. `says`: page → the text that the page must have."""

    name: str
    bring: Callable[[Stack], None]
    says: dict[str, str]
    after: Callable[[Stack], None] = lambda stack: None
    instance: int = 1


def closed_calendar(now: datetime) -> str:
    """A calendar whose exchange is closed for hours to come.

    Shanghai trades from 01:30 to 07:00 UTC, New York within 13:30 to 21:00.
    """
    return "XSHG" if 11 <= now.hour < 22 else "XNYS"


def close_market(stack: Stack) -> None:
    """The producer follows an exchange that is closed."""
    if "producer" in stack.running():
        stack.stop("producer")
    stack.start("producer", environment={"MARKET_CALENDAR": closed_calendar(datetime.now(UTC))})


def open_market(stack: Stack) -> None:
    stack.stop("producer")
    stack.start("producer", environment={"MARKET_CALENDAR": "24/7"})


def fill(stack: Stack) -> None:
    """The whole stack, until quotes and alerts are in the warehouse."""
    stack.start(*ALL)
    progress = Progress(stack.layout.servers)
    try:

        def loaded() -> bool:
            now = progress.read(0.5)
            return now.quotes(now.snowflake) >= 1_500

        poll_until(loaded, "quotes in Snowflake", 120)
    finally:
        progress.close()


def pause(seconds: float) -> None:
    """Waits out a time that the pages' own thresholds name."""
    end = datetime.now(UTC).timestamp() + seconds
    poll_until(lambda: datetime.now(UTC).timestamp() > end, "the time is over", seconds + 5)


def fall_silent(stack: Stack) -> None:
    stack.stop("producer")
    pause(STALE_SECONDS)


def away(name: str) -> Callable[[Stack], None]:
    def bring(stack: Stack) -> None:
        stack.stop(name)
        pause(OUTAGE_SECONDS)

    return bring


def back(name: str) -> Callable[[Stack], None]:
    return lambda stack: stack.restart(name)


def without_rights(stack: Stack) -> None:
    """A second dashboard whose database has no views. Snowflake answers the same where a grant is missing."""
    stack.start("dashboard", instance=2, environment={"SNOWFLAKE_DATABASE": "NOT_GRANTED"})


STALE, KAFKA_DOWN, DENIED = (
    "No quote has come for",
    "Kafka has not answered for",
    "does not let the dashboard read",
)
HISTORY_DOWN = "live prices go on, history"
STATES = (
    State(
        "first-start",
        lambda stack: stack.start("dashboard"),
        {"Live": "No quote yet", "Symbol": "No quote of AAPL", "Compare": "No bars yet",
         "Movers": "No quote yet", "Alerts": "No alert yet", "Pipeline": "has not reported"},
    ),
    State("normal", fill, dict.fromkeys(EVERYWHERE, "open")),
    State("warehouse-down", away("snowflake"), dict.fromkeys(("Symbol", "Compare"), HISTORY_DOWN),
          back("snowflake")),
    State("kafka-down", away("kafka"), dict.fromkeys(EVERYWHERE, KAFKA_DOWN), back("kafka")),
    State("no-permission", without_rights,
          dict.fromkeys(("Live", "Symbol", "Compare", "Movers", "Alerts"), DENIED), instance=2),
    State("stale", fall_silent, dict.fromkeys(EVERYWHERE, STALE) | {"Pipeline": "silent"}, back("producer")),
    State("closed", close_market, dict.fromkeys(EVERYWHERE, "opens"), open_market),
)  # fmt: skip


def seen(stack: Stack, state: State, seconds: float, out: Path) -> list[str]:
    """Brings the state, walks the pages on all screens, and returns what is wrong."""
    print(f"== {state.name}", flush=True)
    state.bring(stack)
    pictures = out / state.name
    pictures.mkdir(parents=True, exist_ok=True)
    address = stack.layout.url("dashboard" if state.instance == 1 else f"dashboard-{state.instance}")
    with tab.chromium() as browser:
        viewer = tab.viewer(browser)
        tabs = {screen.name: tab.opened(viewer, address, screen) for screen in tab.SCREENS}
        found = []
        for name in PAGES:
            found += walk(tabs, seconds, pictures, [name])
            found += [
                f"{name} on {screen}: does not say {state.says[name]!r}"
                for screen, one in tabs.items()
                if not _says(one, state.says.get(name))
            ]
    state.after(stack)
    for fault in found:
        print(f"{state.name}: {fault}", flush=True)
    return found


def _says(one: Tab, words: str | None) -> bool:
    return words is None or words in one.text()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="directory of the screenshots; keep it out of the repository"
    )
    parser.add_argument(
        "--states", default=",".join(state.name for state in STATES), help="by commas; default: %(default)s"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=3,
        help="how long each page is left open (default 3; 60 for the layout's shifts)",
    )
    chosen = parser.parse_args(arguments)
    names = chosen.states.split(",")
    found: list[str] = []
    with (
        tempfile.TemporaryDirectory(prefix="stock-states-") as directory,
        Stack(Layout(Path(directory), free(), QUICK), print) as stack,
    ):
        if "first-start" not in names:
            fill(stack)
        for state in STATES:
            if state.name in names:
                found += seen(stack, state, chosen.seconds, chosen.out)
    print(f"{len(found)} faults" if found else "every page in every state: nothing wrong", flush=True)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
