"""The sources by name. This is the only module of the producer that names one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from stock_producer.vendor.alphavantage.client import open_source
from stock_producer.vendor.alphavantage.settings import AlphaVantageSettings
from stock_producer.vendor.base import Source
from stock_producer.vendor.settings import DEFAULT_SOURCE, SourceSettings


class Entry(NamedTuple):
    """A source: the class of its settings, and how it is opened.

    `open` takes the settings, the number of calls that may be under way at once, and a clock. It connects to
    nothing.
    """

    settings: type[SourceSettings]
    open: Callable[[Any, int, Callable[[], datetime]], Source]


_ALPHA_VANTAGE = Entry(AlphaVantageSettings, open_source)
SOURCES: dict[str, Entry] = dict.fromkeys(AlphaVantageSettings.names, _ALPHA_VANTAGE)
"""QUOTE_SOURCE → the source. The simulated market speaks Alpha Vantage's protocol at another address."""


def entry(name: str | None) -> Entry:
    """The source of a name, the default one for no name.

    An unknown name is a fault that the settings report.
    """
    return SOURCES.get(name or DEFAULT_SOURCE, SOURCES[DEFAULT_SOURCE])
