"""`stock-market`: serves the market until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import threading
import time
from datetime import UTC, datetime

from stock_common import cli
from stock_common.printable import say
from stock_common.run import Stop
from stock_common.settings import load_or_exit, refuse
from stock_market.bars import DailyBars
from stock_market.clock import NEW_YORK, Clock, calendar_for
from stock_market.config import MarketSettings
from stock_market.faults import Faults, Order
from stock_market.limits import PLANS, Limits
from stock_market.recorded import schedules
from stock_market.server import Market, MarketServer
from stock_market.tape import Tape

DESCRIPTION = "Serves invented quotes in the form of the Alpha Vantage API, for tests and demonstrations."
EXAMPLES = """
examples:
  stock-market                     on port 8091, open day and night, plan of 1200 calls a minute
  MARKET_PLAN=free stock-market    25 calls a day, end-of-day data
  MARKET_CALENDAR=XNYS MARKET_START=2026-11-25T15:55 MARKET_SPEED=60 stock-market
                                   New York's sessions, a minute a second, from 15:55 on
  curl 'http://127.0.0.1:8091/query?function=GLOBAL_QUOTE&symbol=IBM&entitlement=realtime&apikey=any'
  curl -d '{"fault": "burst", "count": 3}' http://127.0.0.1:8091/control
  MARKET_PLAN=free MARKET_CALENDAR=XNYS MARKET_SCHEDULE='free key in December 2025' stock-market
"""


def parser() -> argparse.ArgumentParser:
    lines = ["environment:"]
    for name, field in MarketSettings.model_fields.items():
        default = "none" if field.default is None else field.default
        lines.append(f"  {name.upper():<18} {field.description} (default: {default})")
    return cli.parser("stock-market", DESCRIPTION, "\n".join(lines) + "\n" + EXAMPLES)


def assemble(settings: MarketSettings) -> Market:
    """The market that the settings describe, in real time."""
    start = settings.market_start or datetime.now(UTC)
    calendar = calendar_for(settings.market_calendar, start)
    clock = Clock(start, settings.market_speed, time.monotonic)
    plan = PLANS[settings.market_plan]
    # The vendor does not document when its day begins. Everywhere else it counts in New York's time.
    limits = Limits(plan, time.monotonic, lambda: datetime.now(NEW_YORK).date())
    faults = Faults(time.monotonic, settings.market_latency_ms)
    for order in schedules()[settings.market_schedule] if settings.market_schedule else ():
        faults.order(Order.model_validate(order))
    return Market(Tape(calendar, DailyBars(calendar.days)), plan, clock.now, limits, faults)


def main() -> int:
    parser().parse_args()
    settings = load_or_exit(MarketSettings)
    stop = Stop()
    stop.install()
    try:
        server = MarketServer(settings.market_host, settings.market_port, assemble(settings))
    except OSError as error:
        refuse(
            f"Cannot listen on {settings.market_host}:{settings.market_port}: {error.strerror}. "
            "Choose another MARKET_HOST or MARKET_PORT."
        )
    thread = threading.Thread(target=server.serve_forever, name="market")
    thread.start()
    say(
        f"Market listening on http://{settings.market_host}:{server.server_address[1]}/query "
        f"(plan {settings.market_plan}, calendar {settings.market_calendar}, "
        f"speed {settings.market_speed:g})"
    )
    while not stop.wait(3600):
        pass
    server.closing.set()
    server.shutdown()
    thread.join()
    server.server_close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
