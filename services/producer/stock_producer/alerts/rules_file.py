"""ALERTS_FILE: the rules in YAML, checked as a whole, every fault named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stock_producer.alerts.engine import Watch
from stock_producer.alerts.rules.base import Rule
from stock_producer.alerts.rules.cooldown import Cooldown
from stock_producer.alerts.rules.move import MoveAgainstClose
from stock_producer.alerts.rules.price import PriceCrossing
from stock_producer.alerts.rules.silence import Silence
from stock_producer.alerts.rules.volume import VolumeSpike
from stock_producer.alerts.rules.window import MoveWithin

_AnyRule = Annotated[
    MoveAgainstClose | MoveWithin | PriceCrossing | VolumeSpike | Silence, Field(discriminator="type")
]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    rules: list[_AnyRule] = Field(min_length=1)


def watches(path: Path) -> list[Watch]:
    """The rules in the file and the symbols of each. Raises ValueError naming every fault."""
    try:
        found = _File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not YAML ({' '.join(str(error).split())})") from None
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False)
        text = "; ".join(f"{_place(fault['loc'])}: {fault['msg']}" for fault in faults)
        raise ValueError(text) from None
    names = [rule.name for rule in found.rules]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"rules need different names: {', '.join(twice)}")
    return [_watch(rule) for rule in found.rules]


def _watch(rule: Rule) -> Watch:
    evaluates = Cooldown(rule, rule.cooldown_minutes) if rule.cooldown_minutes else rule
    return Watch(evaluates, _upper(rule.symbols))


def _upper(symbols: Sequence[str] | None) -> frozenset[str] | None:
    return None if symbols is None else frozenset(symbol.upper() for symbol in symbols)


def _place(loc: tuple[int | str, ...]) -> str:
    """("rules", 0, "move_within", "percent") → rule 1, percent."""
    if loc[:1] == ("rules",) and len(loc) > 1:
        field = f", {loc[-1]}" if len(loc) > 3 else ""
        return f"rule {int(loc[1]) + 1}{field}"
    return ".".join(map(str, loc)) or "the file"
