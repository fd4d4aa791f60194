"""The settings that say where quotes come from: the vendor's address, the key and its plan, and where the key's use is kept."""

import os
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from stock_common.settings import Settings
from stock_producer.plans import CUSTOM, PLANS, Freshness, Limits, Plan

VENDOR_URL = "https://www.alphavantage.co/query"
SIMULATED = "simulated"


class VendorSettings(Settings):
    """What two variables must agree on is checked at the later one, so that it stands beside all other faults."""

    quote_source: Literal["alphavantage", "simulated"] = Field("alphavantage", description="Where quotes come from, as they are labelled.")
    alpha_vantage_api_key: SecretStr = Field(description="The key; any text for a simulated market.")
    alpha_vantage_url: str = Field(VENDOR_URL, validate_default=True, description="The API's address.")
    alpha_vantage_plan: Literal["free", "75", "150", "300", "600", "1200", "custom"] = Field("free", description="The key's plan, by calls a minute.")
    alpha_vantage_calls_per_second: int | None = Field(None, ge=1, description="For the plan custom; empty: no limit.")
    alpha_vantage_calls_per_minute: int | None = Field(None, ge=1, description="For the plan custom; empty: no limit.")
    alpha_vantage_calls_per_day: int | None = Field(None, ge=1, validate_default=True, description="For the plan custom; empty: no limit.")
    alpha_vantage_entitlement: Freshness | None = Field(None, validate_default=True, description="For the plan custom: how fresh its data are.")
    alpha_vantage_bulk: bool | None = Field(None, description="For the plan custom: whether it has REALTIME_BULK_QUOTES.")
    state_dir: Path = Field(Path("state"), description="Directory of the outbox and the budget; on a disk that outlives the process.")

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
            raise ValueError("it must be https unless QUOTE_SOURCE=simulated: the key would travel in the clear, and simulated quotes pass for real")
        return url

    @field_validator(
        "alpha_vantage_calls_per_second",
        "alpha_vantage_calls_per_minute",
        "alpha_vantage_calls_per_day",
        "alpha_vantage_entitlement",
        "alpha_vantage_bulk",
    )
    @classmethod
    def _custom_plan_is_whole(cls, value: Any, info: ValidationInfo) -> Any:
        plan = info.data.get("alpha_vantage_plan")
        if value is not None and plan not in (CUSTOM, None):
            raise ValueError("only with ALPHA_VANTAGE_PLAN=custom")
        if value is None and plan == CUSTOM and info.field_name == "alpha_vantage_entitlement":
            raise ValueError("needed with ALPHA_VANTAGE_PLAN=custom: end_of_day, delayed or realtime")
        others = info.data.get("alpha_vantage_calls_per_second") or info.data.get("alpha_vantage_calls_per_minute")
        if value is None and plan == CUSTOM and info.field_name == "alpha_vantage_calls_per_day" and not others:
            raise ValueError("ALPHA_VANTAGE_PLAN=custom needs at least one of ALPHA_VANTAGE_CALLS_PER_SECOND, _MINUTE and _DAY")
        if value is True and info.data.get("alpha_vantage_entitlement") != Freshness.REALTIME:
            raise ValueError("REALTIME_BULK_QUOTES needs ALPHA_VANTAGE_ENTITLEMENT=realtime")
        return value

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
        if self.alpha_vantage_plan != CUSTOM:
            return PLANS[self.alpha_vantage_plan]
        limits = Limits(self.alpha_vantage_calls_per_second, self.alpha_vantage_calls_per_minute, self.alpha_vantage_calls_per_day)
        return Plan(CUSTOM, limits, self.alpha_vantage_entitlement or Freshness.END_OF_DAY, bool(self.alpha_vantage_bulk))
