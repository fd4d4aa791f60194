"""The sink's settings."""

from pydantic import Field, model_validator

from stock_common.settings import Port
from stock_kafka.config import KafkaSettings
from stock_objects.config import ObjectSettings

PUT_LIMIT = 5 * 1024**3
"""One put_object takes 5 GiB at most (Amazon S3 user guide, "Uploading objects")."""


class SinkSettings(KafkaSettings, ObjectSettings):
    metrics_port: Port = Field(9102, description="Port of /metrics, /healthz and /readyz.")
    kafka_group: str = Field(
        "s3-sink", min_length=1, description="Consumer group. The sinks of a group share the partitions."
    )
    flush_seconds: float = Field(
        60, gt=0, le=3600, description="Greatest age of a record that is not on S3 yet."
    )
    flush_rows: int = Field(
        500_000, ge=1, le=5_000_000, description="Records in one object at most, give or take one fetch."
    )
    flush_bytes: int = Field(
        32 * 1024**2,
        ge=1024,
        le=PUT_LIMIT // 4,
        description="Bytes of JSON in one object at most, give or take one fetch.",
    )
    buffer_bytes: int = Field(
        64 * 1024**2, ge=1024, description="Bytes of JSON in memory, above which partitions are paused."
    )
    upload_threads: int = Field(
        4, ge=1, le=32, description="Partitions that are encoded and put at the same time."
    )
    reject_burst: int = Field(
        100, ge=0, description="Bad records in a row that are dead-lettered before the sink stops."
    )
    reject_percent: float = Field(
        5, ge=0, le=100, description="Share of bad records that are dead-lettered for ever without a stop."
    )

    @model_validator(mode="after")
    def _buffer_holds_an_object(self) -> "SinkSettings":
        if self.buffer_bytes < self.flush_bytes:
            raise ValueError("BUFFER_BYTES: must be at least FLUSH_BYTES, or no object could be filled")
        return self
