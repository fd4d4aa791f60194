"""The lake's settings."""

from pathlib import Path

from pydantic import Field

from stock_common.settings import OptionalText, Port
from stock_objects.config import ObjectSettings

SERVICE = "lake"


class LakeSettings(ObjectSettings):
    metrics_port: Port = Field(9106, description="Port of /metrics, /healthz and /readyz.")
    state_dir: str = Field(
        "data/lake", min_length=1, description="Directory of the catalog and scratch space."
    )
    lake_interval_seconds: float = Field(
        600, ge=1, le=86_400, description="Between two looks for days that are closed."
    )
    lake_settle_seconds: float = Field(
        3_600, ge=0, le=86_400, description="A day counts as closed so long after its end (UTC)."
    )
    lake_catalog_uri: OptionalText = Field(
        None,
        description="Database of the Iceberg catalog, as SQLAlchemy writes it. Empty: SQLite in STATE_DIR.",
    )

    @property
    def catalog_uri(self) -> str:
        return self.lake_catalog_uri or f"sqlite:///{Path(self.state_dir).resolve()}/catalog.db"
