"""Sessions that exchange-calendars 4.13 lacks. A new line needs a release.

Each line names its day's only session in the exchange's own time.
"""

from __future__ import annotations

from datetime import date, time

SPECIAL: dict[tuple[str, date], tuple[time, time]] = {
    # India's budget was presented on a Saturday and on a Sunday, and Mumbai traded its usual hours.
    ("XBOM", date(2025, 2, 1)): (time(9, 15), time(15, 30)),
    ("XBOM", date(2026, 2, 1)): (time(9, 15), time(15, 30)),
}
"""(calendar, day) → (open, close)."""
