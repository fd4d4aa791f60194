"""The views of ANALYTICS in DuckDB, over the tables of RAW. views.sql has them."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import files

LONGER_BARS = (
    ("BARS_5MIN", "BARS_1MIN", "5min", 300),
    ("BARS_15MIN", "BARS_5MIN", "15min", 900),
    ("BARS_30MIN", "BARS_15MIN", "30min", 1800),
    ("BARS_1H", "BARS_30MIN", "60min", 3600),
)
"""A view, the one that it is made of, the provider's name of its bars, and their seconds."""


def statements(as_of: datetime | None = None) -> str:
    """The SQL that makes the views. The day of the question is that of `as_of` (aware), or today."""
    day = f"DATE '{_utc_day(as_of)}'" if as_of else "CAST(NOW() AS DATE)"
    longer = "\n".join(_longer_bars(*each) for each in LONGER_BARS)
    return _text("views.sql").replace("{{longer_bars}}", longer).replace("{{today}}", day)


def _longer_bars(view: str, shorter: str, interval: str, seconds: int) -> str:
    text = _text("longer_bars.sql")
    for name, value in {"view": view, "shorter": shorter, "interval": interval, "seconds": seconds}.items():
        text = text.replace(f"{{{{{name}}}}}", str(value))
    return text


def _utc_day(instant: datetime) -> str:
    return datetime.fromtimestamp(instant.timestamp(), UTC).date().isoformat()


def _text(name: str) -> str:
    return (files("stock_lake") / name).read_text(encoding="utf-8")
