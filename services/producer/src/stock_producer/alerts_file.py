"""ALERTS_FILE: the rules in YAML, checked as a whole, every fault named."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stock_producer.alerting import Watch
from stock_producer.rules import HYSTERESIS, PRICE_HYSTERESIS, MoveAgainstClose, PriceCrossing, Rule
from stock_producer.window_rules import Cooldown, MoveWithin, Silence, VolumeSpike

Percent = Annotated[Decimal, Field(gt=0, le=1_000)]
Hysteresis = Annotated[Decimal, Field(ge=0, lt=100)]
DAY_MINUTES = 1_440


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field("", max_length=32, pattern=r"^[A-Za-z0-9_.-]*$")
    symbols: list[str] | None = Field(None, min_length=1)
    severity: Literal["info", "warning", "critical"] = "warning"
    cooldown_minutes: int = Field(0, ge=0, le=10_080)


class _MoveAgainstClose(_Rule):
    type: Literal["move_against_close"]
    percent: Percent
    hysteresis_percent: Hysteresis = HYSTERESIS

    def rule(self) -> Rule:
        return MoveAgainstClose(self.percent, self.name or "move", self.severity, self.hysteresis_percent)


class _MoveWithin(_Rule):
    type: Literal["move_within"]
    percent: Percent
    minutes: int = Field(ge=1, le=DAY_MINUTES)
    hysteresis_percent: Hysteresis = HYSTERESIS

    def rule(self) -> Rule:
        return MoveWithin(self.percent, self.minutes, self.name or "move-within", self.severity, self.hysteresis_percent)


class _PriceCrossing(_Rule):
    type: Literal["price_crossing"]
    price: Decimal = Field(gt=0, lt=10**12)
    symbols: list[str] = Field(min_length=1)  # pyright: ignore[reportIncompatibleVariableOverride] (frozen)
    hysteresis_percent: Hysteresis = PRICE_HYSTERESIS

    def rule(self) -> Rule:
        return PriceCrossing(self.price, self.name or "price", self.severity, self.hysteresis_percent)


class _VolumeSpike(_Rule):
    type: Literal["volume_spike"]
    factor: Decimal = Field(gt=1, le=1_000)
    days: int = Field(10, ge=3, le=250)

    def rule(self) -> Rule:
        return VolumeSpike(self.factor, self.days, self.name or "volume-spike", self.severity)


class _Silence(_Rule):
    type: Literal["silence"]
    minutes: int = Field(ge=1, le=DAY_MINUTES)
    cooldown_minutes: Literal[0] = 0  # pyright: ignore[reportIncompatibleVariableOverride] (frozen)

    def rule(self) -> Rule:
        return Silence(self.minutes, self.name or "silence", self.severity)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: list[Annotated[_MoveAgainstClose | _MoveWithin | _PriceCrossing | _VolumeSpike | _Silence, Field(discriminator="type")]] = Field(
        min_length=1
    )


def watches(path: Path) -> list[Watch]:
    """The rules in the file and the symbols of each. Raises ValueError naming every fault."""
    try:
        found = _File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not YAML ({' '.join(str(error).split())})") from None
    except ValidationError as error:
        faults = [f"{_place(fault['loc'])}: {fault['msg']}" for fault in error.errors(include_input=False, include_url=False)]
        raise ValueError("; ".join(faults)) from None
    made = [(item.rule(), item) for item in found.rules]
    names = [rule.name for rule, _ in made]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"rules need names of their own: {', '.join(twice)}")
    return [Watch(Cooldown(rule, item.cooldown_minutes) if item.cooldown_minutes else rule, _upper(item.symbols)) for rule, item in made]


def _upper(symbols: Sequence[str] | None) -> frozenset[str] | None:
    return None if symbols is None else frozenset(symbol.upper() for symbol in symbols)


def _place(loc: tuple[int | str, ...]) -> str:
    """("rules", 0, "move_within", "percent") → rule 1, percent."""
    if loc[:1] == ("rules",) and len(loc) > 1:
        field = f", {loc[-1]}" if len(loc) > 3 else ""
        return f"rule {int(loc[1]) + 1}{field}"
    return ".".join(map(str, loc)) or "the file"
