"""The market's settings, from environment variables."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from stock_market.clock import FIRST_DAY, NEW_YORK
from stock_market.limits import PLANS
from stock_market.recorded import schedules


def _plan(name: str) -> str:
    if name not in PLANS:
        raise ValueError("is not a plan")
    return name


def _schedule(name: str) -> str:
    if name not in schedules():
        raise ValueError(f"must be one of: {'; '.join(schedules())}")
    return name


def _start(instant: datetime) -> datetime:
    """An instant without an offset is in New York's time, as the vendor's are."""
    aware = instant if instant.tzinfo else instant.replace(tzinfo=NEW_YORK)
    first = datetime.combine(FIRST_DAY, datetime.min.time(), NEW_YORK) + timedelta(days=7)
    if not first <= aware < first.replace(year=2100):
        raise ValueError(f"must be between {first.date()} and {first.replace(year=2100).date()}")
    return aware


class MarketSettings(BaseSettings):
    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    market_host: str = Field("127.0.0.1", description="Address to listen on.")
    market_port: int = Field(8091, ge=0, le=65535, description="Port to listen on. 0 takes a free one.")
    market_plan: Annotated[str, AfterValidator(_plan)] = Field(
        "1200", description=f"Plan whose limits hold for every key: {', '.join(PLANS)}."
    )
    market_calendar: Literal["24/7", "XNYS", "auto"] = Field(
        "24/7",
        description="24/7: a session of 24 hours each day. XNYS or auto: New York's real sessions.",
    )
    market_speed: float = Field(
        1.0, gt=0, le=86_400, description="Seconds of market time in one real second."
    )
    market_start: Annotated[datetime, AfterValidator(_start)] | None = Field(
        None,
        description="Market time at the start, ISO 8601, New York's unless it has an offset. Empty: now.",
    )
    market_schedule: Annotated[str, AfterValidator(_schedule)] | None = Field(
        None, description="Faults and answers from the start on, by the name of a schedule. Empty: none."
    )
    market_latency_ms: int = Field(
        0, ge=0, le=60_000, description="Wait before every answer, in milliseconds."
    )
