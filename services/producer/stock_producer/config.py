"""The producer's settings with those of its source: environment variables, every fault in one message."""

import os
from functools import cache
from types import new_class

from stock_producer import settings
from stock_producer.vendor import registry
from stock_producer.vendor.settings import DEFAULT_SOURCE


def source_name() -> str:
    """QUOTE_SOURCE, before any other variable is read."""
    return os.environ.get("QUOTE_SOURCE") or DEFAULT_SOURCE


@cache
def settings_class(source: str = DEFAULT_SOURCE) -> type[settings.ServiceSettings]:
    """The producer's settings with the variables of a source."""
    bases = (settings.ServiceSettings, registry.entry(source).settings)
    return new_class("ProducerSettings", bases)


ProducerSettings = settings_class()
"""All variables of the producer where QUOTE_SOURCE is not set."""
