"""The settings of Alpha Vantage: its address, the key and the key's plan."""

from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from stock_producer.vendor.alphavantage.endpoints import Endpoint
from stock_producer.vendor.alphavantage.history import INTERVALS
from stock_producer.vendor.alphavantage.plans import CUSTOM, PLANS, plan
from stock_producer.vendor.alphavantage.refusals import ADVICE
from stock_producer.vendor.base import Description, Freshness, Limits, Plan
from stock_producer.vendor.settings import SourceSettings

VENDOR_URL = "https://www.alphavantage.co/query"
SIMULATED = "simulated"
EXAMPLES = """\
  ALPHA_VANTAGE_API_KEY=... SYMBOLS=AAPL,MSFT,IBM stock-producer
  ALPHA_VANTAGE_API_KEY=... ALPHA_VANTAGE_PLAN=150 SYMBOLS=AAPL,TSCO.LON stock-producer
  QUOTE_SOURCE=simulated ALPHA_VANTAGE_URL=http://localhost:8091/query ALPHA_VANTAGE_API_KEY=any \\
    ALPHA_VANTAGE_PLAN=1200 MARKET_CALENDAR=24/7 SYMBOLS=AAPL,MSFT stock-producer
  stock-producer plan --plan free --symbols AAPL,MSFT,IBM
"""
DESCRIPTION = Description(
    title="Alpha Vantage",
    endpoints=tuple(endpoint.value for endpoint in Endpoint),
    intervals=INTERVALS,
    advice=ADVICE,
    examples=EXAMPLES,
)
_CUSTOM_ONLY = (
    "alpha_vantage_calls_per_second",
    "alpha_vantage_calls_per_minute",
    "alpha_vantage_calls_per_day",
    "alpha_vantage_entitlement",
    "alpha_vantage_bulk",
)
"""The variables that the plan custom has, in the order in which they are checked."""


class AlphaVantageSettings(SourceSettings):
    """Alpha Vantage, or a simulated market that speaks its protocol.

    A rule about two variables is checked at the later one, so that its fault is listed with all the others.
    """

    names: ClassVar[tuple[str, ...]] = ("alphavantage", SIMULATED)
    description: ClassVar[Description] = DESCRIPTION
    plans: ClassVar[tuple[Plan, ...]] = tuple(PLANS.values())
    key_variable: ClassVar[str] = "ALPHA_VANTAGE_API_KEY"
    plan_variable: ClassVar[str] = "ALPHA_VANTAGE_PLAN"
    plan_names: ClassVar[tuple[str, ...]] = (*PLANS, CUSTOM)

    alpha_vantage_api_key: SecretStr = Field(description="The key. Any text will do for a simulated market.")
    alpha_vantage_url: str = Field(VENDOR_URL, validate_default=True, description="The API's address.")
    alpha_vantage_plan: Literal["free", "75", "150", "300", "600", "1200", "custom"] = Field(
        "free", description="The key's plan, by calls a minute."
    )
    alpha_vantage_calls_per_second: int | None = Field(
        None, ge=1, description="For the plan custom, no limit where it is empty."
    )
    alpha_vantage_calls_per_minute: int | None = Field(
        None, ge=1, description="For the plan custom, no limit where it is empty."
    )
    alpha_vantage_calls_per_day: int | None = Field(
        None, ge=1, validate_default=True, description="For the plan custom, no limit where it is empty."
    )
    alpha_vantage_entitlement: Freshness | None = Field(
        None, validate_default=True, description="For the plan custom: how fresh its data are."
    )
    alpha_vantage_bulk: bool | None = Field(
        None, description="For the plan custom: whether it has REALTIME_BULK_QUOTES."
    )

    @field_validator("alpha_vantage_api_key")
    @classmethod
    def _key_is_text(cls, key: SecretStr) -> SecretStr:
        text = key.get_secret_value().strip()
        if not text:
            raise ValueError("it is blank")
        return SecretStr(text)

    @field_validator("alpha_vantage_url")
    @classmethod
    def _url_fits_the_source(cls, url: str, info: ValidationInfo) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
            raise ValueError("it must be http(s)://host/path, without parameters and names")
        source = info.data.get("quote_source")
        if source == SIMULATED and parts.hostname == urlsplit(VENDOR_URL).hostname:
            raise ValueError("QUOTE_SOURCE=simulated needs the address of a simulated market")
        if source == "alphavantage" and parts.scheme != "https":
            raise ValueError(
                "it must be https unless QUOTE_SOURCE=simulated: "
                "the key would travel in the clear, and simulated quotes pass for real"
            )
        return url

    @field_validator(*_CUSTOM_ONLY)
    @classmethod
    def _custom_plan_is_whole(cls, value: Any, info: ValidationInfo) -> Any:
        name = info.data.get("alpha_vantage_plan")
        if value is not None and name not in (CUSTOM, None):
            raise ValueError("only with ALPHA_VANTAGE_PLAN=custom")
        if value is None and name == CUSTOM:
            _check_absent(info)
        if value is True and info.data.get("alpha_vantage_entitlement") != Freshness.REALTIME:
            raise ValueError("REALTIME_BULK_QUOTES needs ALPHA_VANTAGE_ENTITLEMENT=realtime")
        return value

    @property
    def plan(self) -> Plan:
        """The plan whose limits hold."""
        if self.alpha_vantage_plan != CUSTOM:
            return PLANS[self.alpha_vantage_plan]
        limits = Limits(
            self.alpha_vantage_calls_per_second,
            self.alpha_vantage_calls_per_minute,
            self.alpha_vantage_calls_per_day,
        )
        freshness = self.alpha_vantage_entitlement or Freshness.END_OF_DAY
        return plan(CUSTOM, limits, freshness, bulk=bool(self.alpha_vantage_bulk))

    @property
    def account(self) -> str:
        """The address and the key."""
        return f"{self.alpha_vantage_url} {self.alpha_vantage_api_key.get_secret_value()}"


def _check_absent(info: ValidationInfo) -> None:
    """Raises ValueError where the plan custom needs the variable that is absent."""
    if info.field_name == "alpha_vantage_entitlement":
        raise ValueError("needed with ALPHA_VANTAGE_PLAN=custom: end_of_day, delayed or realtime")
    others = (
        info.data.get("alpha_vantage_calls_per_second"),
        info.data.get("alpha_vantage_calls_per_minute"),
    )
    if info.field_name == "alpha_vantage_calls_per_day" and not any(others):
        raise ValueError(
            "ALPHA_VANTAGE_PLAN=custom needs at least one of ALPHA_VANTAGE_CALLS_PER_SECOND, _MINUTE and _DAY"
        )
