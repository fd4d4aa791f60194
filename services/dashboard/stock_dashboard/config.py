"""The dashboard's settings, from environment variables."""

from ipaddress import ip_address
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_settings import NoDecode

from stock_common.settings import OptionalSecret, OptionalText, Port
from stock_dashboard.groups import Groups, parsed
from stock_kafka.config import KafkaSettings
from stock_warehouse.config import OptionalIdentifier, WarehouseSettings

LOOPBACK = ("localhost", "127.0.0.1", "::1")
CALLBACK = "/oauth2callback"
"""Where Streamlit takes the provider's answer."""
COOKIE_SECRET_LENGTH = 32
SIGN_IN = (
    "oidc_metadata_url",
    "oidc_client_id",
    "oidc_client_secret",
    "oidc_redirect_url",
    "oidc_cookie_secret",
)


class DashboardSettings(KafkaSettings, WarehouseSettings):
    """Where the page listens, who may see it, what it reads, and how much it keeps in memory."""

    dashboard_host: str = Field(
        "127.0.0.1",
        description="Address the page listens on. Other than loopback it needs sign-in or DASHBOARD_PUBLIC.",
    )
    dashboard_port: Port = Field(8501, description="Port of the page.")
    dashboard_public: bool = Field(
        False, description="True: the page may be reached from other machines without sign-in."
    )
    oidc_metadata_url: OptionalText = Field(
        None,
        description="The provider's discovery document. With the other OIDC_ variables it demands sign-in.",
    )
    oidc_client_id: OptionalText = Field(None, description="The dashboard's name at the provider.")
    oidc_client_secret: OptionalSecret = Field(None, description="Its secret there.")
    oidc_redirect_url: OptionalText = Field(
        None,
        description="The dashboard's public address with /oauth2callback, as registered at the provider.",
    )
    oidc_cookie_secret: OptionalSecret = Field(
        None, description="Signs the cookie: random, at least 32 characters, the same on every replica."
    )
    oidc_allowed: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Who may enter: addresses or @domains. Empty: all of the provider's."
    )
    oidc_trust_unverified: bool = Field(
        False,
        description="True: an address counts although the provider does not say that it is verified.",
    )
    dashboard_allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Names by which browsers may reach the page. Empty: loopback's where it listens there, "
        "that of OIDC_REDIRECT_URL where there is sign-in, else any.",
    )
    symbol_groups: Annotated[Groups, NoDecode] = Field(
        (), description="Groups on Live: `Tech=AAPL,MSFT; Banks=JPM,BAC`."
    )
    metrics_port: Port = Field(9104, description="Port of /metrics, /healthz and /readyz.")
    snowflake_role: OptionalIdentifier = Field(
        "STOCK_READER", description="Role of the session: it needs the ANALYTICS views only."
    )
    history_ttl_seconds: float = Field(
        900, ge=1, le=86_400, description="Age at which history is asked for again when a person opens it."
    )
    history_refresh_seconds: float = Field(
        15, ge=1, le=3_600, description="Least time between two refreshes of one result by loads."
    )
    history_entries: int = Field(200, ge=10, le=10_000, description="Query results kept in memory.")
    history_connections: int = Field(
        3, ge=1, le=16, description="Warehouse sessions for all viewers together."
    )
    live_hours: float = Field(24, gt=0, le=168, description="How far back the live reader starts.")
    live_messages: int = Field(
        300_000, ge=1_000, le=10_000_000, description="Messages it reads at most at its start."
    )
    live_symbols: int = Field(2_000, ge=1, le=20_000, description="Symbols held in memory.")

    @field_validator("symbol_groups", mode="before")
    @classmethod
    def _groups(cls, value: object) -> object:
        return parsed(value) if isinstance(value, str) else value

    @field_validator("oidc_allowed", mode="before")
    @classmethod
    def _allowed(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        names = _names(value)
        if bad := [name for name in names if "@" not in name]:
            raise ValueError(f"{bad[0]} is neither an address (ann@example.com) nor a domain (@example.com)")
        return names

    @field_validator("dashboard_allowed_hosts", mode="before")
    @classmethod
    def _hosts(cls, value: object) -> object:
        return _names(value) if isinstance(value, str) else value

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names in a browser's address that the page answers to, empty for any."""
        if self.dashboard_allowed_hosts:
            return self.dashboard_allowed_hosts
        public = urlsplit(self.oidc_redirect_url or "").hostname if self.signs_in else None
        if is_loopback(self.dashboard_host) or public:
            return (*LOOPBACK, *([public] if public else ()))
        return ()

    @model_validator(mode="after")
    def _who_sees_it(self) -> Self:
        missing = [name.upper() for name in SIGN_IN if getattr(self, name) is None]
        if 0 < len(missing) < len(SIGN_IN):
            raise ValueError(
                f"sign-in is configured in part: set {', '.join(missing)} too, or none of the OIDC_ variables"
            )
        if self.signs_in:
            self._check_sign_in()
        elif self.oidc_allowed:
            raise ValueError("OIDC_ALLOWED has no effect without sign-in: set the other OIDC_ variables")
        elif not self.dashboard_public and not is_loopback(self.dashboard_host):
            raise ValueError(
                f"DASHBOARD_HOST={self.dashboard_host} shows the page to other machines: configure sign-in "
                "(OIDC_ variables), or set DASHBOARD_PUBLIC=true where something else decides who reaches it"
            )
        return self

    def _check_sign_in(self) -> None:
        if not (self.oidc_redirect_url or "").endswith(CALLBACK):
            raise ValueError(f"OIDC_REDIRECT_URL has to end with {CALLBACK}")
        secret = self.oidc_cookie_secret.get_secret_value() if self.oidc_cookie_secret else ""
        if len(secret) < COOKIE_SECRET_LENGTH:
            raise ValueError(f"OIDC_COOKIE_SECRET is shorter than {COOKIE_SECRET_LENGTH} characters")

    @property
    def signs_in(self) -> bool:
        """Whether a viewer has to sign in."""
        return all(getattr(self, name) is not None for name in SIGN_IN)


def _names(text: str) -> tuple[str, ...]:
    """The names in a list by commas, in lower case."""
    return tuple(name.strip().lower() for name in text.split(",") if name.strip())


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
