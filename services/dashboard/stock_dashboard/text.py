"""Numbers, ages and times as a person reads them. Pure. Every time is aware and is written with its zone."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, tzinfo

NONE = "–"
MINUS = "\u2212"
COUNTED = ("\ue000", "\ue001", "\ue002")
"""What stands before, within and after an age in a sentence. No font has these characters."""
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~:$&])")


def literal(words: str) -> str:
    """Text as Streamlit's labels show it letter by letter. They are Markdown, which could load a picture."""
    return _MARKDOWN.sub(r"\\\1", words)


def age(seconds: float | None) -> str:
    """An age: `now`, `8 s`, `4 min`, `2 h 05 min`, `3 d`. A clock that is a little ahead gives `now`.

    The words of a greater age never say less.
    """
    if seconds is None or not math.isfinite(seconds):
        return NONE
    if seconds < 1:
        return "now"
    if seconds < 60:
        return f"{int(seconds)} s"
    minutes = int(seconds // 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes // 1440} d"


def counting(seconds: float | None) -> str:
    """An age that the browser goes on counting, see html.words: a page whose server is silent grows old."""
    return _counted(seconds, "age", age(seconds))


def ago(seconds: float | None) -> str:
    """A counting age as part of a sentence: `8 s ago`, `now`, `never`."""
    if seconds is None:
        return "never"
    words = age(seconds)
    return _counted(seconds, "ago", words if words == "now" else f"{words} ago")


def _counted(seconds: float | None, form: str, words: str) -> str:
    if seconds is None or not math.isfinite(seconds):
        return words
    return f"{COUNTED[0]}{seconds:.1f} {form}{COUNTED[1]}{words}{COUNTED[2]}"


def since(time: datetime | None, now: datetime) -> float | None:
    """Seconds from `time` to `now`, None where there is no time."""
    return None if time is None else (now - time).total_seconds()


def count(number: float | None) -> str:
    """A whole number with its thousands apart: `12,345`."""
    return NONE if number is None else f"{number:,.0f}".replace("-", MINUS)


def decimals(price: float) -> int:
    """How many decimals a price has: two, and four below 1, where a cent is a large move."""
    return 2 if abs(price) >= 1 else 4


def price(number: float | None) -> str:
    """`1,234.50`, `0.1234`."""
    return (
        NONE
        if number is None or not math.isfinite(number)
        else f"{number:,.{decimals(number)}f}".replace("-", MINUS)
    )


def signed(number: float | None, places: int = 2, unit: str = "") -> str:
    """A number with its sign: `+1.20`, `−0.35%`. What is shown as zero has none: `0.00`."""
    if number is None or not math.isfinite(number):
        return NONE
    body = f"{abs(number):,.{places}f}"
    sign = "" if float(body.replace(",", "")) == 0 else "+" if number > 0 else MINUS
    return f"{sign}{body}{unit}"


def arrow(number: float | None) -> str:
    """The direction, for those who cannot tell the colours apart."""
    if number is None or number == 0 or not math.isfinite(number):
        return "■"
    return "▲" if number > 0 else "▼"


def direction(number: float | None) -> str:
    """The direction as a class of the style sheet: `up`, `down`, `flat`."""
    if number is None or number == 0 or not math.isfinite(number):
        return "flat"
    return "up" if number > 0 else "down"


def clock(time: datetime, zone: tzinfo, seconds: bool = True) -> str:
    """The time of day with its zone, always: `14:32:05 EST`."""
    local = time.astimezone(zone)
    return f"{local.strftime('%H:%M:%S' if seconds else '%H:%M')} {zone_name(local)}"


def day(trading_day: date, now: datetime) -> str:
    """A trading day: `Wed 25 Nov`, with its year where that is not this one."""
    year = "" if trading_day.year == now.year else f" {trading_day.year}"
    return f"{trading_day:%a} {trading_day.day} {trading_day:%b}{year}"


def stamp(time: datetime, zone: tzinfo, now: datetime) -> str:
    """The time with its day where that is not today's: `Mon 23 Nov, 09:30 EST`."""
    local, today = time.astimezone(zone), now.astimezone(zone)
    before = "" if local.date() == today.date() else f"{day(local, today)}, "
    return before + clock(time, zone, seconds=False)


def moment(time: datetime, zone: tzinfo, now: datetime) -> str:
    """The time to the second in the exchange's zone and in UTC: `Mon 23 Nov, 09:30:05 EST · 14:30:05 UTC`."""
    local, today = time.astimezone(zone), now.astimezone(zone)
    day = "" if local.date() == today.date() else f"{local:%a} {local.day} {local:%b}, "
    utc = "" if zone_name(local) == "UTC" else f" · {clock(time, UTC)}"
    return f"{day}{clock(time, zone)}{utc}"


def zone_name(local: datetime) -> str:
    """`EST`, or `UTC+05:30` for a zone that has no letters."""
    name, offset = local.tzname() or "", local.strftime("%z")
    return name if name[:1].isalpha() else f"UTC{offset[:3]}:{offset[3:5]}"
