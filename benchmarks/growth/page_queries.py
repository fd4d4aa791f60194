"""Times the queries of the dashboard's pages, sent by its own code. Prints a line of JSON for each."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import date

from stock_dashboard.history.queries import RANGES, Query, bars, latest
from stock_warehouse.config import WarehouseSettings
from stock_warehouse.session import Warehouse

TODAY, RUNS = date.fromisoformat(os.environ["QUERIES_TODAY"]), int(os.environ["QUERIES_RUNS"])


def questions(run: int) -> Iterator[tuple[str, Query]]:
    yield "latest: every symbol's last quote", latest(True)
    for name, span in RANGES.items():
        yield f"{name}: a symbol's {span.view}", bars(f"S{run:03d}", span, TODAY)


def main() -> None:
    warehouse = Warehouse(WarehouseSettings(), "dashboard")  # type: ignore[call-arg]
    for run in range(RUNS + 1):
        for what, query in questions(run):
            begun = time.perf_counter()
            answer = warehouse.arrow(query.sql, query.params)
            seconds = time.perf_counter() - begun
            if not answer.num_rows:
                raise SystemExit(f"{what}: no rows")
            # The first run of each opens the session and reads the file, and does not count.
            if run:
                json.dump({"what": what, "seconds": seconds}, sys.stdout)
                print(flush=True)
    warehouse.close()


if __name__ == "__main__":
    main()
