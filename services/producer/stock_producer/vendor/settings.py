"""The settings that every source has. A source adds its own variables in a subclass."""

import os
from pathlib import Path
from typing import ClassVar

from pydantic import Field, field_validator

from stock_common.settings import Settings
from stock_producer.vendor.base import Description, Plan

DEFAULT_SOURCE = "alphavantage"
"""QUOTE_SOURCE where it is not set."""


class SourceSettings(Settings):
    """Where quotes come from and where the use of the quota is kept.

    names: the values of QUOTE_SOURCE that mean this source.
    description: the source in words.
    plans: all plans of the source, the cheapest first.
    key_variable, plan_variable: the names of the variables with the key and with the plan. Empty: it has
        none.
    plan_names: the values that the plan's variable takes.
    """

    names: ClassVar[tuple[str, ...]] = ()
    description: ClassVar[Description]
    plans: ClassVar[tuple[Plan, ...]] = ()
    key_variable: ClassVar[str] = ""
    plan_variable: ClassVar[str] = ""
    plan_names: ClassVar[tuple[str, ...]] = ()

    quote_source: str = Field(DEFAULT_SOURCE, description="Where quotes come from, as they are labelled.")
    state_dir: Path = Field(
        Path("state"),
        description="Directory of the outbox and the budget. It must outlive the process.",
    )

    @field_validator("quote_source")
    @classmethod
    def _source_is_known(cls, name: str) -> str:
        if name not in cls.names:
            raise ValueError(f"it must be {' or '.join(cls.names)}")
        return name

    @field_validator("state_dir")
    @classmethod
    def _state_can_be_written(cls, path: Path) -> Path:
        nearest = path.absolute()
        while not nearest.exists():
            nearest = nearest.parent
        if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
            raise ValueError(f"{nearest} is not a directory that can be written")
        return path

    @property
    def plan(self) -> Plan:
        """The plan whose limits hold."""
        raise NotImplementedError

    @property
    def account(self) -> str:
        """A text that differs between accounts with separate quotas. It may contain secrets."""
        raise NotImplementedError
