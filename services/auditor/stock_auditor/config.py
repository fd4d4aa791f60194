"""The auditor's settings."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from stock_common.settings import Port
from stock_common.topics import SUNK
from stock_kafka.config import KafkaSettings
from stock_objects.config import ObjectSettings
from stock_warehouse.config import WarehouseSettings

SERVICE = "auditor"
TOPICS = tuple(topic.name for topic in SUNK)
"""The topics whose records are sunk to S3, and so compared."""
MARGIN_SECONDS = 120.0
"""For the work itself, on top of the waiting: an upload, a load, the resume of a suspended warehouse."""

OptionalSeconds = Annotated[
    float | None,
    Field(ge=0),
    BeforeValidator(lambda value: None if isinstance(value, str) and not value.strip() else value),
]


class AuditorSettings(KafkaSettings, ObjectSettings, WarehouseSettings):
    metrics_port: Port = Field(9105, description="Port of /metrics, /healthz and /readyz.")
    audit_interval_seconds: float = Field(
        60, ge=1, le=86_400, description="Between comparisons of Kafka with S3."
    )
    audit_full_interval_seconds: float = Field(
        86_400, ge=60, description="After this long the next load leads to a comparison of all that there is."
    )
    audit_in_flight_seconds: OptionalSeconds = Field(
        None,
        description="Age from which a record that is not on S3, or an object not in Snowflake, is late. "
        "Empty: from the two intervals.",
    )
    flush_seconds: float = Field(60, gt=0, le=3600, description="The sink's.")
    load_interval_seconds: float = Field(900, gt=0, le=86_400, description="The loader's.")

    @property
    def in_flight_seconds(self) -> float:
        """Up to this age an offset may be in flight. The default follows from the two intervals."""
        if self.audit_in_flight_seconds is not None:
            return self.audit_in_flight_seconds
        return self.flush_seconds + self.load_interval_seconds + MARGIN_SECONDS
