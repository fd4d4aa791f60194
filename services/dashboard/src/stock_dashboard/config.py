"""The dashboard's settings, from environment variables."""

from pydantic import Field

from stock_common.settings import Port
from stock_kafka.config import KafkaSettings
from stock_warehouse.config import OptionalIdentifier, WarehouseSettings


class DashboardSettings(KafkaSettings, WarehouseSettings):
    """Where it listens, what it reads, and what it may keep."""

    dashboard_host: str = Field("127.0.0.1", description="Address the page listens on; anything but loopback shows it to others.")
    dashboard_port: Port = Field(8501, description="Port of the page.")
    metrics_port: Port = Field(9104, description="Port of /metrics, /healthz and /readyz.")
    snowflake_role: OptionalIdentifier = Field("STOCK_READER", description="Role of the session: it needs the ANALYTICS views only.")
    history_ttl_seconds: float = Field(900, ge=1, le=86_400, description="Age at which history is asked for again when a person opens it.")
    history_refresh_seconds: float = Field(15, ge=1, le=3_600, description="Least time between two refreshes of one picture by loads.")
    history_entries: int = Field(200, ge=10, le=10_000, description="Query results kept in memory.")
    history_connections: int = Field(3, ge=1, le=16, description="Warehouse sessions for all viewers together.")
    live_hours: float = Field(24, gt=0, le=168, description="How far back the live reader starts.")
    live_messages: int = Field(300_000, ge=1_000, le=10_000_000, description="Messages it reads at most at its start.")
    live_symbols: int = Field(2_000, ge=1, le=20_000, description="Symbols held in memory.")
