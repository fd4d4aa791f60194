"""The loader's settings."""

from pydantic import Field

from stock_common.settings import Port
from stock_kafka.config import KafkaSettings
from stock_objects.config import ObjectSettings
from stock_warehouse.config import Identifier, OptionalIdentifier, WarehouseSettings


class LoaderSettings(WarehouseSettings, ObjectSettings, KafkaSettings):
    metrics_port: Port = Field(9103, description="Port of /metrics, /healthz and /readyz.")
    load_interval_seconds: float = Field(
        900, ge=1, le=86_400, description="Seconds from the start of one cycle to the start of the next."
    )
    snowflake_stage: Identifier = Field(
        "STOCK_STAGE", description="Stage in the schema RAW that points at the bucket."
    )
    snowflake_storage_integration: OptionalIdentifier = Field(
        None, description="Storage integration of the stage, for migrate. Empty: none."
    )
    snowflake_retention_days: int = Field(
        1,
        ge=0,
        le=90,
        description="Days of Time Travel of new tables, for migrate: 1 at most on Standard Edition,"
        " which refuses more, 90 on Enterprise.",
    )
