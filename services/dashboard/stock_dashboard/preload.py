"""Loads what the pages need before the first viewer comes, and hides it from the garbage collector."""

from __future__ import annotations

import gc
import pkgutil
from datetime import UTC
from importlib import import_module

import numpy as np

from stock_dashboard import pages
from stock_dashboard.charts import bars
from stock_dashboard.charts.price import DAY_MINUTES, ChartOptions, price_chart


def preload() -> None:
    """Imports the pages and draws a first chart, then freezes all objects that exist.

    plotly loads its parts when they are first used. The objects stay until the end, some 200,000 of them.
    A garbage collection that walks over them delays every viewer's refresh by a tenth of a second and more.
    """
    for page in pkgutil.iter_modules(pages.__path__):
        import_module(f"{pages.__name__}.{page.name}")
    day = np.array(["2000-01-03"], bars.DAY)
    one = bars.Bars(day.astype(bars.SECOND), day, *(np.ones(1) for _ in range(5)))
    price_chart("", one, ChartOptions(UTC, DAY_MINUTES)).to_json()
    gc.collect()
    gc.freeze()
