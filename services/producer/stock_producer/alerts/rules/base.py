"""What all alert rules share. A rule is a pure function of its state of a symbol and a quote."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal, NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict, Field, field_validator

from stock_common.domain import rounded
from stock_common.records import Alert, Quote
from stock_producer.ids import alert_id

CENT = Decimal("0.01")
HYSTERESIS = Decimal(10)
"""Percent of the threshold: a price at the threshold does not raise alert after alert."""
MOST_NAME = 32
DAY_MINUTES = 1_440
WEEK_MINUTES = 10_080
Percent = Annotated[Decimal, Field(gt=0, le=1_000)]
Hysteresis = Annotated[Decimal, Field(ge=0, lt=100)]
Minutes = Annotated[int, Field(ge=1, le=DAY_MINUTES)]
Name = Annotated[str, Field(max_length=MOST_NAME, pattern=r"^[A-Za-z0-9_.-]*$")]


class Evaluates(Protocol):
    """What the engine needs of a rule."""

    @property
    def name(self) -> str:
        """The alert's `rule`, and the key of the rule's states."""
        ...

    @property
    def end_of_day(self) -> bool:
        """Whether it also judges end-of-day data."""
        ...

    def evaluate(self, state: bytes | None, quote: Quote) -> tuple[bytes | None, Alert | None]:
        """The state after `quote`, in the rule's encoding, and the alert of a crossing.

        `state` None: the symbol is new.
        """
        ...


class Rule(BaseModel):
    """The fields that every rule has in ALERTS_FILE.

    A subclass adds `type`, the fields of its threshold, a default for `name`, and `evaluate`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name = ""
    symbols: list[str] | None = Field(default=None, min_length=1)
    severity: Literal["info", "warning", "critical"] = "warning"
    cooldown_minutes: int = Field(default=0, ge=0, le=WEEK_MINUTES)

    @field_validator("name", "symbols", mode="before")
    @classmethod
    def _yaml_has_read_text(cls, value: object) -> object:
        odd = [each for each in (value if isinstance(value, list) else [value]) if _is_read_otherwise(each)]
        if odd and value is not None:
            text = str(odd[0]).lower()
            raise ValueError(
                f'YAML reads a word of it as {text}: quote it, as "ON", "NO", "NULL" or "600104"'
            )
        return value

    @field_validator("name")
    @classmethod
    def _blank_is_the_default(cls, name: str) -> str:
        return name or cls.model_fields["name"].default

    @property
    def end_of_day(self) -> bool:
        """See Evaluates."""
        return False

    def evaluate(self, state: bytes | None, quote: Quote) -> tuple[bytes | None, Alert | None]:
        """See Evaluates."""
        raise NotImplementedError

    def alert(self, quote: Quote, crossing: Crossing) -> Alert:
        """The alert that `quote` causes."""
        return Alert(
            alert_id=alert_id(self.name, quote.event_id),
            rule=self.name,
            symbol=quote.symbol,
            price=quote.price,
            reference=crossing.reference,
            threshold=crossing.threshold,
            direction=crossing.direction,
            severity=self.severity,
            session=quote.session,
            triggered_at=observed_at(quote),
            event_id=quote.event_id,
            message=crossing.message,
        )


def _is_read_otherwise(value: object) -> bool:
    """Whether YAML has made something else of a word: ON is true, NO false, NULL nothing, 600104 a number."""
    return value is None or isinstance(value, (bool, int, float, date))


class Crossing(NamedTuple):
    """What a quote has crossed.

    `direction`: up, down or none. `reference`: what the price is compared with.
    """

    reference: Decimal | None
    threshold: Decimal
    direction: str
    message: str


def observed_at(quote: Quote) -> datetime:
    """The time of the price, as well as it is known."""
    return quote.quoted_at or quote.fetched_at


def side_of(value: Decimal, threshold: Decimal, rearm: Decimal, before: str) -> str:
    """`up` or `down` beyond ±`threshold`, and still so until back within ±`rearm`. Empty between."""
    if abs(value) >= threshold:
        return "up" if value > 0 else "down"
    still = (before == "up" and value >= rearm) or (before == "down" and value <= -rearm)
    return before if still else ""


def rearm_at(threshold: Decimal, hysteresis: Decimal) -> Decimal:
    """Where a rule is armed again: `hysteresis` percent of the threshold below it."""
    return threshold * (1 - hysteresis / 100)


def moved(side: str, move: Decimal) -> str:
    """A move in percent, in words."""
    return f"{'risen' if side == 'up' else 'fallen'} by {abs(move).quantize(CENT)} %"


def spoken(price: Decimal) -> str:
    """A price in words: two decimals, and as many more, up to six, as it has."""
    whole, _, decimals = f"{rounded(price)[0]:f}".partition(".")
    return f"{whole}.{decimals.rstrip('0'):0<2}"
