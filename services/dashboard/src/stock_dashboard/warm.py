"""What the pages need, loaded before the first viewer comes, and out of the garbage collector's sight."""

from __future__ import annotations

import gc
import pkgutil
from datetime import UTC
from importlib import import_module

import numpy as np

from stock_dashboard import bars, charts, views


def up() -> None:
    """Imports the pages and draws a first chart (plotly loads its parts when they are used), then freezes what is there.

    It is there to stay, some 200,000 objects: a collection that walks over them holds every viewer's refresh up for a tenth of a second and more.
    """
    for page in pkgutil.iter_modules(views.__path__):
        import_module(f"{views.__name__}.{page.name}")
    day = np.array(["2000-01-03"], bars.DAY)
    one = bars.Bars(day.astype(bars.SECOND), day, *(np.ones(1) for _ in range(5)))
    charts.price_chart("", one, charts.Look(UTC, charts.DAY_MINUTES)).to_json()
    gc.collect()
    gc.freeze()
